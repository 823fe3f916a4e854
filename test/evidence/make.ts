import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import type { Files } from '../../src/evidence/journal/files.ts';
import { Journal, newSession } from '../../src/evidence/journal/journal.ts';
import type { Appended } from '../../src/evidence/journal/journal-types.ts';
import { canonicalBytes, sha256Hex } from '../../src/evidence/record/canonical.ts';
import {
  digestOf,
  digestOfTyped,
  trustTypedData,
  type WitnessStatement,
  witnessTypedData,
} from '../../src/evidence/record/typed-data.ts';
import { createTrust, PLAIN_POLICY, type TrustBody, trustBodyBytes } from '../../src/evidence/trust/trust.ts';
import { canonicalBytes as modelBytes } from '../../src/model/canonical-json.ts';
import type { Hex } from '../../src/model/json.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { Actor, DetachedSignature, LineRef, RecordBody, SignedStep } from '../../src/model/record.ts';
import type { Claim, Runbook, Step, Verdict } from '../../src/model/runbook.ts';

export const ESTATE = 'demo:test';

export interface Person {
  readonly key: SigningKey;
  readonly address: Hex;
  readonly pubkey: Hex;
  readonly person: string;
  readonly name: string;
}

export function person(name: string, seed: number): Person {
  const key = new SigningKey(`0x${seed.toString(16).padStart(64, '0')}`);
  return {
    key,
    address: computeAddress(key).toLowerCase() as Hex,
    pubkey: key.publicKey as Hex,
    person: name.toLowerCase(),
    name,
  };
}

export const ANNA = person('Anna', 0xa1);
export const BERT = person('Bert', 0xb2);
export const ROOT = person('Root', 0xc3);

export function signDigest(who: Person, digest: Hex): Hex {
  return who.key.sign(digest).serialized as Hex;
}

export function trustBody(change: Partial<TrustBody> = {}): TrustBody {
  return {
    v: 1,
    estate: ESTATE,
    version: 1,
    issued: '2026-01-01T00:00:00.000Z',
    expires: '2027-01-01T00:00:00.000Z',
    threshold: 1,
    roots: [ROOT.address],
    people: [ANNA, BERT].map(({ person: id, name }) => ({ person: id, name, org: 'test' })),
    keys: [ANNA, BERT].map((one) => ({
      address: one.address,
      pubkey: one.pubkey,
      person: one.person,
      type: 'keystore' as const,
      roles: ['performer' as const, 'witness' as const],
      not_before: '2026-01-01T00:00:00.000Z',
      not_after: '2027-01-01T00:00:00.000Z',
      revoked: null,
    })),
    policy: PLAIN_POLICY,
    chain: null,
    prev_sha256: null,
    ...change,
  };
}

export async function trustBytes(
  body: TrustBody = trustBody(),
  roots: readonly Person[] = [ROOT],
): Promise<Uint8Array> {
  return createTrust(
    body,
    roots.map((root) => async (bytes) => ({
      address: root.address,
      sig: signDigest(root, digestOfTyped(trustTypedData(body, bytes))),
    })),
  );
}
export { trustBodyBytes };

export function runbookStep(id: string, change: Partial<Step> = {}): Step {
  return {
    id,
    title: `Step ${id}`,
    mode: 'read-do',
    instructions: `Look at ${id}.\nThen say what you saw.`,
    subject: null,
    expected: 'as it should be',
    gates: [],
    verdicts: ['confirmed', 'failed', 'skipped', 'deviated', 'not_applicable', 'still_planned'],
    command: null,
    expectExit: 0,
    optional: false,
    critical: false,
    witness: false,
    approval: false,
    pause: false,
    backOut: null,
    budgetMinutes: null,
    onFailure: { action: 'retry', step: null },
    ...change,
  };
}

export function runbook(steps: readonly Step[]): Runbook {
  return {
    format: 'c138-runbook',
    v: 1,
    id: 'test-runbook',
    version: '1.0.0',
    title: 'A runbook for tests',
    origin: 'bundled-default',
    references: [],
    roles: ['performer'],
    windowMinutes: null,
    variables: [],
    steps,
  };
}

export const runbookBytes = (steps: readonly Step[]): Uint8Array => modelBytes(runbook(steps));

export function actorOf(who: Person, change: Partial<Actor> = {}): Actor {
  return {
    person: who.person,
    name: who.name,
    address: who.address,
    role: 'performer',
    meaning: 'performed',
    ...change,
  };
}

const START = Date.parse('2026-06-01T12:00:00.000Z');
const BASE_MONO = 1_000_000_000n;

/** The keys of every record; time moves a second per record. */
export function base(journal: Pick<Journal, 'next' | 'session'>, who: Person | null) {
  const { seq, prev } = journal.next;
  return {
    v: 1 as const,
    session: journal.session,
    seq,
    prev,
    at: new Date(START + seq * 1_000).toISOString(),
    clock: {
      mono_ns: String(BASE_MONO + BigInt(seq) * 1_000_000_000n),
      boot_id: 'boot-1',
      synced: true,
      source: 'test',
    },
    where: {
      host: 'r630-01',
      node: null,
      vmid: null,
      tty: null,
      ssh_peer_sha256: null,
      uid: 0,
      user: 'root',
    },
    actor: who === null ? null : actorOf(who),
    tool: { name: 'c138', version: '0.1.0', build_sha256: null },
  };
}

export function signedStep(step: Step, change: Partial<SignedStep> = {}): SignedStep {
  return {
    id: step.id,
    text: step.title,
    expected: step.expected,
    mode: step.mode,
    critical: step.critical,
    subject: step.subject,
    registered_status: null,
    ...change,
  };
}

export function observation(change: Partial<Observation> = {}): Observation {
  return {
    probe: 'besu-head',
    subject: 'vmid:1000',
    endpoint: 'v1',
    level: 'app',
    request: 'eth_blockNumber []',
    answer: { class: 'ok', facts: { number: '12' }, checks: [] },
    vantage: 'r630-01',
    started: '2026-06-01T12:00:00.000Z',
    ended: '2026-06-01T12:00:00.500Z',
    raw: null,
    ...change,
  };
}

export function witnessOf(
  who: Person,
  session: Hex,
  ref: LineRef,
  change: Partial<WitnessStatement> = {},
): DetachedSignature {
  const statement: WitnessStatement = {
    person: who.person,
    meaning: 'witnessed',
    at: '2026-06-01T12:30:00.000Z',
    host: 'laptop',
    boot_id: 'boot-2',
    ...change,
  };
  const sig = signDigest(who, digestOfTyped(witnessTypedData(session, ref, statement, ESTATE)));
  return { ...statement, name: who.name, address: who.address, sig };
}

/** Signs (where the body names a person) and appends. */
export async function put(journal: Journal, body: RecordBody, who: Person = ANNA): Promise<Appended> {
  const bytes = canonicalBytes(body);
  return journal.append(bytes, body.actor === null ? null : signDigest(who, digestOf(body, bytes, ESTATE)));
}

export interface Made {
  readonly root: string;
  readonly dir: string;
  readonly steps: readonly Step[];
  readonly trust: Uint8Array;
  readonly journal: Journal;
  clean(): void;
}

/** A session with its open record. */
export async function startSession(
  options: {
    readonly steps?: readonly Step[];
    readonly trust?: Uint8Array;
    readonly mirror?: boolean;
    readonly files?: Files;
    readonly answerMs?: number;
    readonly session?: Hex;
  } = {},
): Promise<Made> {
  const { files, answerMs } = options;
  const root = mkdtempSync(join(tmpdir(), 'c138-evidence-'));
  const steps = options.steps ?? [runbookStep('one'), runbookStep('two')];
  const trust = options.trust ?? (await trustBytes());
  const dir = join(root, 'session');
  const mirror = options.mirror === true ? mkdtempSync(join(root, 'mirror-')) : null;
  const journal = await Journal.create({
    dir,
    session: options.session ?? newSession(),
    runbookBytes: runbookBytes(steps),
    trustBytes: trust,
    mirror,
    ...(files === undefined ? {} : { files }),
    ...(answerMs === undefined ? {} : { answerMs }),
  });
  await put(journal, openBody(journal, steps));
  return { root, dir, steps, trust, journal, clean: () => rmSync(root, { recursive: true, force: true }) };
}

export function openBody(journal: Journal, steps: readonly Step[]): RecordBody {
  return {
    ...base(journal, ANNA),
    kind: 'open',
    open: {
      estate_id: ESTATE,
      trust_sha256: journal.trustSha256,
      runbook: {
        id: 'test-runbook',
        version: '1.0.0',
        sha256: sha256Hex(runbookBytes(steps)),
        source_sha256: sha256Hex('source'),
      },
      prev_seal: null,
      variables: {},
      chain_header: null,
    },
  };
}

export function confirmBody(
  journal: Journal,
  step: Step,
  options: {
    readonly verdict?: Verdict;
    readonly note?: string;
    readonly claims?: readonly Claim[];
    readonly observations?: readonly Observation[];
    readonly step?: Partial<SignedStep>;
  } = {},
): RecordBody {
  return {
    ...base(journal, ANNA),
    kind: 'confirm',
    step: signedStep(step, options.step),
    verdict: options.verdict ?? 'confirmed',
    observations: options.observations ?? [],
    claims: options.claims ?? [],
    note: options.note ?? '',
  };
}

export function sealBody(journal: Journal): RecordBody {
  return { ...base(journal, ANNA), kind: 'seal', seal: journal.sealFields() };
}

/** A whole small session: open, probe with a blob, answers to all steps, seal. */
export async function sealedSession(options: Parameters<typeof startSession>[0] = {}): Promise<Made> {
  const made = await startSession(options);
  const { journal, steps } = made;
  const raw = Buffer.from('{"result":"0xc"}');
  const sha256 = await journal.putBlob(raw);
  await put(journal, {
    ...base(journal, null),
    kind: 'probe',
    step: steps[0]?.id ?? null,
    observations: [observation({ raw: { sha256, bytes: raw.length, truncated: false, redactions: [] } })],
  });
  for (const step of steps) await put(journal, confirmBody(journal, step));
  await put(journal, sealBody(journal));
  await journal.close();
  return made;
}
