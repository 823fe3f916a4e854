/**
 * The console under a long watch, in a process of its own on the terminal it is given: an estate of many guests whose state changes all the
 * time, in compressed time. Samples of memory, timers and listeners go to a file, one line of JSON each.
 *
 *   soak-child.tsx GUESTS SECONDS FACTOR FILE
 */
import { appendFileSync } from 'node:fs';
import type { Backend } from '../src/state/backend.ts';
import { runConsole } from '../src/ui/console.tsx';
import { manyGuestsBackend, PHASES, type Phase } from './many-guests.ts';

const [guests = 0, seconds = 0, factor = 1] = process.argv.slice(2, 5).map(Number);
const file = process.argv[5] ?? '';
const SAMPLES = 40;

/** The clock runs faster, and so does all that waits on it; what is shorter than a person notices keeps its pace. */
const begun = Date.now();
const RealDate = Date;
const fastNow = (): number => begun + (RealDate.now() - begun) * factor;
class FastDate extends RealDate {
  constructor(...args: ConstructorParameters<typeof Date> | []) {
    if (args.length === 0) super(fastNow());
    else super(...(args as ConstructorParameters<typeof Date>));
  }

  static override now(): number {
    return fastNow();
  }
}
globalThis.Date = FastDate as DateConstructor;
const SHORT_MS = 200;
const faster = (ms: number | undefined): number =>
  ms === undefined || ms < SHORT_MS ? (ms ?? 0) : ms / factor;
const { setTimeout: realTimeout, setInterval: realInterval } = globalThis;
Object.assign(globalThis, {
  setTimeout: (work: () => void, ms?: number) => realTimeout(work, faster(ms)),
  setInterval: (work: () => void, ms?: number) => realInterval(work, faster(ms)),
});

const PHASE_MS = 60_000;
const phase = (): Phase => PHASES[Math.floor((fastNow() - begun) / PHASE_MS) % PHASES.length] ?? 'well';

const worker = manyGuestsBackend(guests, phase);
const backend: Backend = {
  ...worker,
  // As between two threads: what the screen gets is its own.
  subscribe: (listener) => worker.subscribe((event) => listener(structuredClone(event))),
};

/** Listeners on everything of the process that has any. */
function listenerCount(): number {
  return [process, process.stdin, process.stdout, process.stderr].reduce(
    (sum, one) => sum + one.eventNames().reduce((count, name) => count + one.listenerCount(name), 0),
    0,
  );
}

const timer = realInterval(
  () => {
    globalThis.gc?.();
    const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
    appendFileSync(
      file,
      `${JSON.stringify({
        simulatedS: Math.round((fastNow() - begun) / 1_000),
        phase: phase(),
        heapMb: (heapUsed + external + arrayBuffers) / 1e6,
        rssMb: rss / 1e6,
        timers: process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length,
        listeners: listenerCount(),
      })}\n`,
    );
  },
  (seconds * 1_000) / SAMPLES,
);
const unused = (): Promise<never> => Promise.reject(new Error('not here'));
await runConsole({
  backend,
  ready: Promise.resolve(),
  ascii: false,
  colour: true,
  save: unused,
  remember: async () => undefined,
});
clearInterval(timer);
await backend.close();
