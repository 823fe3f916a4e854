import { codeOf } from '../../src/evidence/record/code.ts';
import { parseBody } from '../../src/evidence/record/record.ts';
import { digestOf } from '../../src/evidence/record/typed-data.ts';
import { parseTrust } from '../../src/evidence/trust/trust.ts';
import type { DocumentedEstate, Hex } from '../../src/model/index.ts';
import type { RunBackend } from '../../src/state/backend.ts';
import type { Identity } from '../../src/state/runs/run-identity.ts';
import { startRuns } from '../../src/state/runs/runs.ts';
import { ANNA, actorOf, BERT, type Person, signDigest, trustBody, trustBytes } from '../evidence/make.ts';
import { estateOf } from './fixtures.ts';

/** A trust store for the estate that is valid whenever the tests run. */
export function trustFor(estateId: string): Promise<Uint8Array> {
  const keys = [ANNA, BERT].map((one) => ({
    address: one.address,
    pubkey: one.pubkey,
    person: one.person,
    type: 'keystore' as const,
    roles: ['performer' as const, 'witness' as const],
    not_before: '2000-01-01T00:00:00.000Z',
    not_after: '2999-01-01T00:00:00.000Z',
    revoked: null,
  }));
  return trustBytes(trustBody({ estate: estateId, keys, expires: '2999-01-01T00:00:00.000Z' }));
}

/** Signs as a person, in this process: what the signer process does for a keystore. */
export async function identityOf(who: Person, estateId: string, trust: Uint8Array): Promise<Identity> {
  const store = parseTrust(trust);
  let waiting: { readonly digest: Hex; readonly code: string } | null = null;
  return {
    locked: async () => false,
    unlock: async () => undefined,
    trust: async () => ({ store, bytes: trust, sha256: store.sha256 }),
    actor: async () => actorOf(who),
    prepare: async (bytes) => {
      const digest = digestOf(parseBody(bytes), bytes, estateId);
      waiting = { digest, code: codeOf(digest) };
      return { promptId: 'one', code: waiting.code, digest, lines: [], onTerminal: false };
    },
    sign: async (_promptId, code) => {
      if (waiting === null || code !== waiting.code) throw new Error('that is not the code');
      return signDigest(who, waiting.digest);
    },
    cancel: async () => {
      waiting = null;
    },
    close: async () => undefined,
  };
}

/** The runs of one machine, whose state lies in `home`. */
export async function runsAt(
  home: string,
  options: {
    readonly estate?: Partial<DocumentedEstate>;
    readonly who?: Person;
    readonly trust?: Uint8Array;
  } = {},
): Promise<{
  readonly runs: RunBackend;
  readonly trust: Uint8Array;
  readonly evidenceDir: string;
  /** What went into the log. */
  readonly log: readonly string[];
}> {
  const log: string[] = [];
  const estate = estateOf({ id: 'demo:test', ...options.estate });
  const trust = options.trust ?? (await trustFor(estate.id));
  const evidenceDir = `${home}/evidence`;
  const runs = startRuns({
    estate,
    vantage: 'test',
    tell: (event) => void (event.type === 'log' && log.push(event.text)),
    identity: await identityOf(options.who ?? ANNA, estate.id, trust),
    input: {
      kind: 'c138-worker',
      configPath: `${home}/estate.yaml`,
      configDir: `${home}/config`,
      stateDir: home,
      trustFile: `${home}/trust.json`,
      keysDir: `${home}/keys`,
      evidenceDir,
      demoDir: null,
    },
  });
  return { runs, trust, evidenceDir, log };
}

/** Prepares and signs, as an operator who types the code. */
export async function sign(runs: RunBackend, request: Parameters<RunBackend['prepare']>[0]) {
  const prompt = await runs.prepare(request);
  return runs.confirm(prompt.promptId, prompt.code);
}
