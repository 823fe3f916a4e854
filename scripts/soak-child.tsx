/**
 * The console under a long watch, in a process of its own on the terminal it is given: an estate of many guests whose state changes all the
 * time, in compressed time. Samples of memory, timers and listeners go to a file, one line of JSON each.
 *
 *   soak-child.tsx GUESTS SECONDS FACTOR FILE
 */
import { appendFileSync } from 'node:fs';
import { chainRules } from '../src/chain/rules.ts';
import type { DocumentedEstate, Endpoint, Observation, SubjectId } from '../src/model/index.ts';
import { Assessor } from '../src/state/assessor.ts';
import type { Backend, BackendEvent } from '../src/state/backend.ts';
import { LiveEstate } from '../src/state/live.ts';
import { runConsole } from '../src/ui/console.tsx';
import { snapshotOf, subject } from '../test/model/make.ts';

const [guests = 0, seconds = 0, factor = 1] = process.argv.slice(2, 5).map(Number);
const file = process.argv[5] ?? '';
const HOSTS = 5;
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

/** What happens to the estate, one after the other, each for so many seconds of its own time. */
const PHASES = ['well', 'one host off', 'guests stop', 'nobody answers', 'slow answers', 'back'] as const;
const PHASE_MS = 60_000;
const phase = (): (typeof PHASES)[number] =>
  PHASES[Math.floor((fastNow() - begun) / PHASE_MS) % PHASES.length] ?? 'well';

const endpoint = (id: string, of: SubjectId, kind: Endpoint['kind']): Endpoint => ({
  id,
  subject: of,
  kind,
  url: 'http://127.0.0.1:1',
  via: 'direct',
});
const idOf = (index: number): `vmid:${number}` => `vmid:${1_000 + index}`;
const isNode = (index: number): boolean => index % 200 === 0;

const estate: DocumentedEstate = {
  ...snapshotOf(
    [
      subject({ id: 'chain:138', kind: 'chain', name: 'Chain 138' }),
      ...Array.from({ length: HOSTS }, (_, at) =>
        subject({ id: `host:h${at}`, kind: 'host', name: `h${at}` }),
      ),
      ...Array.from({ length: guests }, (_, index) =>
        subject({
          id: idOf(index),
          vmid: 1_000 + index,
          name: `guest-${index}`,
          category: isNode(index) ? 'besu_validator' : 'infra',
          critical: isNode(index),
        }),
      ),
    ],
    [],
  ).estate,
  endpoints: [
    ...Array.from({ length: HOSTS }, (_, at) => endpoint(`pve-h${at}`, `host:h${at}`, 'proxmox-api')),
    ...Array.from({ length: guests }, (_, index) => index)
      .filter(isNode)
      .map((index) => endpoint(`rpc-${index}`, idOf(index), 'json-rpc')),
  ],
};

let height = 1;
/** The answers of one endpoint as the phase has them. */
async function ask(one: Endpoint): Promise<readonly Observation[]> {
  const at = phase();
  const host = /^pve-h(\d)$/.exec(one.id)?.[1];
  const now = new Date().toISOString();
  const off = at === 'nobody answers' || (at === 'one host off' && (host === '1' || one.id.endsWith('00')));
  if (at === 'slow answers') await new Promise((resolve) => setTimeout(resolve, 8_000));
  const made = (more: Partial<Observation>): Observation => ({
    probe: 'besu-head',
    subject: one.subject,
    endpoint: one.id,
    level: 'app',
    request: 'r',
    answer: { class: 'ok', facts: {}, checks: [] },
    vantage: 'soak',
    started: now,
    ended: now,
    raw: null,
    ...more,
  });
  if (off) {
    const detail = `connection refused at ${now}`;
    return [made({ level: 'none', answer: { class: 'refused', detail, facts: {}, checks: [] } })];
  }
  if (host === undefined) {
    height += 1;
    const facts = { number: String(height), timestamp: String(Math.floor(fastNow() / 1_000)), round: 0 };
    return [made({ answer: { class: 'ok', facts, checks: [] } })];
  }
  return Array.from({ length: guests }, (_, index) => index)
    .filter((index) => index % HOSTS === Number(host))
    .map((index) => {
      const run = at === 'guests stop' && (index * 7 + height) % 10 === 0 ? 'stopped' : 'running';
      return made({
        probe: 'pve-guest',
        subject: idOf(index),
        level: run === 'running' ? 'runtime' : 'presence',
        answer: { class: 'ok', facts: { run, node: `h${host}` }, checks: [] },
      });
    });
}

const listeners = new Set<(event: BackendEvent) => void>();
const tell = (event: BackendEvent): void => {
  // As between two threads: what the screen gets is its own.
  for (const listener of listeners) listener(structuredClone(event));
};
const assessor = new Assessor(chainRules, (part) => tell({ type: 'assessed', part }));
const live = new LiveEstate(
  { estate, configPath: 'soak', vantage: 'soak', ask, throttleMs: 2_000 },
  (event) => {
    if (event.type === 'snapshot') assessor.take(event.snapshot, event.origin);
    else tell(event);
  },
);
const unused = (): Promise<never> => Promise.reject(new Error('there are no runs here'));
const backend: Backend = {
  subscribe(listener) {
    listeners.add(listener);
    live.start();
    return () => listeners.delete(listener);
  },
  refresh: async () => live.refresh(),
  runbooks: async () => [],
  sessions: async () => [],
  locked: async () => false,
  unlock: unused,
  openRun: unused,
  resumeRun: unused,
  gateStep: unused,
  prepare: unused,
  confirm: unused,
  askWitness: unused,
  takeWitness: unused,
  checkpoint: unused,
  askHandover: unused,
  attach: unused,
  cancel: async () => undefined,
  verify: unused,
  close: async () => undefined,
};

/** Listeners on everything of the process that has any. */
function listenerCount(): number {
  return [process, process.stdin, process.stdout, process.stderr].reduce(
    (sum, one) => sum + one.eventNames().reduce((count, name) => count + one.listenerCount(name), 0),
    listeners.size,
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
await runConsole({ backend, ascii: false, colour: true, save: unused, remember: async () => undefined });
clearInterval(timer);
assessor.stop();
await live.close();
