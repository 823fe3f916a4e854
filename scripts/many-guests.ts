import { chainRules } from '../src/chain/rules.ts';
import type { DocumentedEstate, Endpoint, Observation, SubjectId } from '../src/model/index.ts';
import type { Backend, BackendEvent } from '../src/state/backend.ts';
import { Assessor } from '../src/state/live/assessor.ts';
import { LiveEstate } from '../src/state/live/live.ts';
import { readOnlyRuns } from '../src/state/snapshots/offline.ts';
import { snapshotOf, subject } from '../test/model/make.ts';

/** What happens to the estate, one after the other, each for so many milliseconds of its own time. */
export const PHASES = [
  'well',
  'one host off',
  'guests stop',
  'nobody answers',
  'slow answers',
  'back',
] as const;
export type Phase = (typeof PHASES)[number];
const HOSTS = 5;

const endpoint = (id: string, of: SubjectId, kind: Endpoint['kind']): Endpoint => ({
  id,
  subject: of,
  kind,
  url: 'http://127.0.0.1:1',
  via: 'direct',
});
const idOf = (index: number): `vmid:${number}` => `vmid:${1_000 + index}`;
const isNode = (index: number): boolean => index % 200 === 0;
const indexes = (guests: number): readonly number[] => Array.from({ length: guests }, (_, index) => index);

/** An estate of many guests on five hosts, every two hundredth of them a node of the chain. */
export function manyGuestsEstate(guests: number): DocumentedEstate {
  const hosts = indexes(HOSTS);
  const subjects = [
    subject({ id: 'chain:138', kind: 'chain', name: 'Chain 138' }),
    ...hosts.map((at) => subject({ id: `host:h${at}`, kind: 'host', name: `h${at}` })),
    ...indexes(guests).map((index) =>
      subject({
        id: idOf(index),
        vmid: 1_000 + index,
        name: `guest-${index}`,
        category: isNode(index) ? 'besu_validator' : 'infra',
        critical: isNode(index),
      }),
    ),
  ];
  return {
    ...snapshotOf(subjects, []).estate,
    endpoints: [
      ...hosts.map((at) => endpoint(`pve-h${at}`, `host:h${at}`, 'proxmox-api')),
      ...indexes(guests)
        .filter(isNode)
        .map((index) => endpoint(`rpc-${index}`, idOf(index), 'json-rpc')),
    ],
  };
}

/** Answers for the endpoints of that estate, as the phase has them. */
export function answersOf(
  guests: number,
  phase: () => Phase,
): (one: Endpoint) => Promise<readonly Observation[]> {
  let height = 1;
  return async (one) => {
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
      const facts = { number: String(height), timestamp: String(Math.floor(Date.now() / 1_000)), round: 0 };
      return [made({ answer: { class: 'ok', facts, checks: [] } })];
    }
    return indexes(guests)
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
  };
}

/** A backend on that estate as the worker has it, without any network. */
export function manyGuestsBackend(guests: number, phase: () => Phase): Backend {
  const listeners = new Set<(event: BackendEvent) => void>();
  const tell = (event: BackendEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const assessor = new Assessor(chainRules, (part) => tell({ type: 'assessed', part }));
  const live = new LiveEstate(
    {
      estate: manyGuestsEstate(guests),
      configPath: 'many',
      vantage: 'many',
      ask: answersOf(guests, phase),
      throttleMs: 2_000,
    },
    (event) => {
      if (event.type === 'snapshot') assessor.take(event.snapshot, event.origin);
      else tell(event);
    },
  );
  const none = {
    runbooks: async () => [],
    verify: () => Promise.reject(new Error('there are no runs here')),
  };
  return {
    ...readOnlyRuns(none, 'there are no runs here'),
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) live.start();
      return () => listeners.delete(listener);
    },
    refresh: async () => live.refresh(),
    close: async () => {
      assessor.stop();
      await live.close();
    },
  };
}
