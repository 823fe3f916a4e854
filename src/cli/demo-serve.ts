import { findScenario, SCENARIOS } from '../demo/scenarios.ts';
import { startDemo } from '../demo/start.ts';
import { CliError, type Io, printJson } from './io.ts';

/** Lists the scenarios. */
export function listScenarios(json: boolean, io: Io): number {
  const list = SCENARIOS.map(({ name, description }) => ({ name, description }));
  if (json) printJson(io, { format: 'c138-scenarios', v: 1, scenarios: list });
  else for (const { name, description } of list) io.out(`${name.padEnd(20)} ${description}\n`);
  return 0;
}

/** @throws CliError naming the scenarios there are */
export function checkScenario(name: string): void {
  if (findScenario(name) === undefined)
    throw new CliError(
      `there is no scenario "${name}". There are: ${SCENARIOS.map((one) => one.name).join(', ')}.`,
    );
}

/** `c138 demo --serve`: serves the simulated estate until a signal ends it, and prints the path of its estate file. */
export async function serveDemo(scenario: string, estateId: string, json: boolean, io: Io): Promise<number> {
  const stopped = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.resolve());
  const demo = await startDemo({ scenario, estateId });
  if (json) printJson(io, { format: 'c138-demo', v: 1, config: demo.configPath, estate: estateId, scenario });
  else {
    io.out(`${demo.configPath}\n`);
    io.err(`c138: simulated estate "${scenario}" is being served; end it with Ctrl+C\n`);
  }
  await stopped.promise;
  await demo.stop();
  return 0;
}
