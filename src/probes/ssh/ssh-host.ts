import { type Check, type Endpoint, type Observation, sanitiseLine } from '../../model/index.ts';
import { makeAnswer, pass, warn } from '../besu/rpc-session.ts';
import { observe, type ProbeContext, timeoutOf } from '../context.ts';
import { redact } from '../redact.ts';
import type { CommandAnswer } from '../transports/command.ts';
import { sshRunner } from '../transports/ssh.ts';

/** Clock offset that is worth a warning: Besu refuses a header more than one second ahead of its own clock. */
const CLOCK_WARN_MS = 500;

/**
 * Probe `ssh-host`: logs in with host key check and asks name and clock.
 * Facts: `hostname`, `clockOffsetMs` (the host's clock minus ours, at the midpoint of the question), `clockOpenMs` (what that leaves open).
 */
export function sshHost(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  return observe(
    context,
    { probe: 'ssh-host', endpoint, request: 'ssh: hostname; date +%s%3N' },
    async () => {
      const runner = sshRunner(context, endpoint);
      const run = (argv: readonly string[]): Promise<CommandAnswer> =>
        runner.run(argv, timeoutOf(endpoint), context.signal);
      const name = await run(['hostname']);
      if (name.class !== 'ok' && name.class !== 'exit')
        return { answer: makeAnswer(name.class, {}, [], name), level: 'none', raw: null };
      const before = Date.now();
      const clock = await run(['date', '+%s%3N']);
      const after = Date.now();
      const middle = (before + after) / 2;
      // Half the way there and back is what the measurement leaves open.
      const openMs = Math.ceil((after - before) / 2);
      const out = Buffer.concat([name.stdout, clock.stdout]);
      const { bytes, redactions } = redact(out);
      const raw = context.storeRaw(bytes, redactions, false);
      if (name.class !== 'ok')
        return {
          answer: makeAnswer(name.class, { exit: name.exit }, [], { detail: name.detail }),
          level: 'runtime',
          raw,
        };
      const hostname = sanitiseLine(Buffer.from(name.stdout).toString('utf8').trim(), 80);
      const theirs = Number(Buffer.from(clock.stdout).toString('utf8').trim());
      const offset =
        clock.class === 'ok' && Number.isSafeInteger(theirs) ? Math.round(theirs - middle) : null;
      const checks: Check[] = [pass('ssh-login', `logged in, host key known, hostname ${hostname}`)];
      if (offset !== null && Math.abs(offset) >= CLOCK_WARN_MS + openMs)
        checks.push(
          warn(
            'clock',
            `its clock is ${offset} ms from ours (to ${openMs} ms)`,
            'check NTP on both; Besu tolerates one second',
          ),
        );
      return {
        answer: makeAnswer('ok', { hostname, clockOffsetMs: offset, clockOpenMs: openMs }, checks),
        level: 'app',
        raw,
      };
    },
  );
}
