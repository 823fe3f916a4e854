import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mutate, randomOf } from './mutate.ts';
import { type Parser, parsers } from './parsers.ts';

/** Hostile inputs for each parser: few in every test run, 20,000 with `npm run fuzz`, a million with C138_FUZZ=1000000. */
const COUNT = Number(process.env.C138_FUZZ ?? 600);
/** Where the numbering of inputs begins; a failure says which number to begin with to see it again. */
const SEED = Number(process.env.C138_FUZZ_SEED ?? 0);

let all: Awaited<ReturnType<typeof parsers>>;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(async () => {
  all = await parsers();
  process.on('unhandledRejection', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  all.clean();
});

interface Fuzzed {
  readonly accepted: number;
  readonly faults: readonly string[];
  readonly slowestMs: number;
}

async function fuzz(parser: Parser): Promise<Fuzzed> {
  const faults: string[] = [];
  let accepted = 0;
  let slowestMs = 0;
  for (let number = SEED; number < SEED + COUNT; number += 1) {
    const input = mutate(parser.seeds, randomOf(number));
    const started = performance.now();
    try {
      await parser.read(input);
      accepted += 1;
    } catch (error) {
      const { name, message } = error as Error;
      if (!parser.refusals.includes(name) && faults.length < 5)
        faults.push(`input ${number}: ${name}: ${message.slice(0, 200)}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
  return { accepted, faults, slowestMs };
}

describe('F1: parsers of what others wrote', () => {
  test('take their good seeds, or refuse them in words', async () => {
    for (const { name, seeds, refusals, read } of all.list)
      for (const seed of seeds)
        try {
          await read(seed);
        } catch (error) {
          expect([name, refusals.includes((error as Error).name), (error as Error).message]).toEqual([
            name,
            true,
            (error as Error).message,
          ]);
        }
  });

  test('refuse what they can not read by their own errors, and nothing else happens', async () => {
    const faults: string[] = [];
    for (const parser of all.list) {
      const found = await fuzz(parser);
      console.log(
        `F1: ${parser.name.padEnd(20)} ${COUNT} inputs, ${found.accepted} accepted, ${found.faults.length} faults, slowest ${found.slowestMs.toFixed(1)} ms`,
      );
      faults.push(...found.faults.map((one) => `${parser.name}: ${one}`));
    }
    const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
    console.log(`F1: ${all.list.length} parsers, memory of the whole process ${memory} MiB`);
    expect(faults).toEqual([]);
    expect(unhandled).toEqual([]);
  }, 3_600_000);
});
