import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadEstate } from '../../src/estate/index.ts';
import { toFile, type WitnessRequest } from '../../src/evidence/exchange.ts';
import { codeOf } from '../../src/evidence/record/code.ts';
import {
  digestOf,
  digestOfTyped,
  trustTypedData,
  witnessTypedData,
} from '../../src/evidence/record/typed-data.ts';
import { createTrust, PLAIN_POLICY, parseTrust, type TrustBody } from '../../src/evidence/trust/trust.ts';
import type { Hex, RecordBody, WitnessMeaning } from '../../src/model/index.ts';
import type { PrepareRequest, RunBackend, RunView } from '../../src/state/backend.ts';
import type { Identity } from '../../src/state/runs/run-identity.ts';
import { startRuns } from '../../src/state/runs/runs.ts';
import { type Person, person, signDigest } from '../evidence/make.ts';

export const ANNA = person('Anna', 0xa1);
export const BERT = person('Bert', 0xb2);
const DAY = 86_400_000;

/** A trust store for an estate in which both may perform and witness. */
export async function trustOf(estate: string, now = Date.now()): Promise<Uint8Array> {
  const at = (days: number): string => new Date(now + days * DAY).toISOString();
  const people = [ANNA, BERT];
  const body: TrustBody = {
    v: 1,
    estate,
    version: 1,
    issued: at(-1),
    expires: at(30),
    threshold: 1,
    roots: [ANNA.address],
    people: people.map((one) => ({ person: one.person, name: one.name, org: 'test' })),
    keys: people.map((one) => ({
      address: one.address,
      pubkey: one.pubkey,
      person: one.person,
      type: 'keystore',
      roles: ['performer', 'witness'],
      not_before: at(-1),
      not_after: at(30),
      revoked: null,
    })),
    policy: PLAIN_POLICY,
    chain: null,
    prev_sha256: null,
  };
  return createTrust(body, [
    async (bytes) => ({
      address: ANNA.address,
      sig: signDigest(ANNA, digestOfTyped(trustTypedData(body, bytes))),
    }),
  ]);
}

/** A key in memory in place of the signer process, which has tests of its own; what is signed is the same. */
function identityOf(who: Person, trust: Uint8Array, estateId: string): Identity {
  const waiting = new Map<string, { readonly bytes: Uint8Array; readonly digest: Hex }>();
  const store = parseTrust(trust);
  return {
    locked: async () => false,
    unlock: async () => undefined,
    trust: async () => ({ store, bytes: trust, sha256: store.sha256 }),
    actor: async () => ({
      person: who.person,
      name: who.name,
      address: who.address,
      role: 'performer',
      meaning: 'performed',
    }),
    prepare: async (bytes) => {
      const body = JSON.parse(Buffer.from(bytes).toString('utf8')) as RecordBody;
      const digest = digestOf(body, bytes, estateId);
      const promptId = `p${waiting.size}`;
      waiting.set(promptId, { bytes, digest });
      return {
        promptId,
        code: codeOf(digest),
        digest,
        lines: [],
        expiresAt: Date.now() + 60_000,
        onTerminal: false,
      };
    },
    sign: async (promptId, code) => {
      const held = waiting.get(promptId);
      if (held === undefined || code !== codeOf(held.digest)) throw new Error('not the code');
      return signDigest(who, held.digest);
    },
    cancel: async () => undefined,
    close: async () => undefined,
  };
}

export interface Place {
  readonly configPath: string;
  readonly configDir: string;
  readonly evidenceDir: string;
  readonly trust: Uint8Array;
}

/** One person at one machine with a run in hand. */
export class Desk {
  readonly who: Person;
  readonly place: Place;
  readonly runs: RunBackend;
  #view: RunView | null = null;

  private constructor(who: Person, place: Place, runs: RunBackend) {
    this.who = who;
    this.place = place;
    this.runs = runs;
  }

  static async sit(who: Person, place: Place): Promise<Desk> {
    const estate = await loadEstate(place.configPath);
    const trustFile = join(place.configDir, 'trust.json');
    writeFileSync(trustFile, place.trust);
    const runs = startRuns({
      estate,
      vantage: 'test',
      tell: () => undefined,
      identity: identityOf(who, place.trust, estate.id),
      input: {
        kind: 'c138-worker',
        configPath: place.configPath,
        configDir: place.configDir,
        stateDir: place.evidenceDir,
        trustFile,
        keysDir: join(place.configDir, 'keys'),
        evidenceDir: place.evidenceDir,
        demoDir: null,
      },
    });
    return new Desk(who, place, runs);
  }

  get view(): RunView {
    if (this.#view === null) throw new Error('no run is open');
    return this.#view;
  }

  async open(id: string, values?: Readonly<Record<string, string>>): Promise<void> {
    this.#view = await this.runs.openRun(id, values);
    await this.ask({ kind: 'begin', session: this.view.session });
  }

  async resume(session: string, note = ''): Promise<void> {
    this.#view = await this.runs.resumeRun(session);
    await this.ask({ kind: 'begin', session, note });
  }

  /** Prepares, and signs with the code that was shown. */
  async ask(request: PrepareRequest): Promise<void> {
    const prompt = await this.runs.prepare(request);
    this.#view = await this.runs.confirm(prompt.promptId, prompt.code);
  }

  /** Asks the probes; again where a block of the simulation is late. */
  async look(stepId: string): Promise<void> {
    for (let look = 0; look < 6; look += 1) {
      this.#view = await this.runs.gateStep(this.view.session, stepId);
      const gate = this.view.steps.find((one) => one.step.id === stepId)?.gate;
      if (gate === 'holds' || gate === 'none') return;
      await new Promise((done) => setTimeout(done, 1_500));
    }
  }

  async attach(stepId: string, text: string, exitCode: number): Promise<void> {
    this.#view = await this.runs.attach(this.view.session, { stepId, text, path: null, exitCode });
  }

  /** The step at hand, answered as well as it can be. */
  async answer(note = 'as expected'): Promise<void> {
    const { session, current } = this.view;
    if (current === null) throw new Error('no step is at hand');
    const step = () => this.view.steps.find((one) => one.step.id === current);
    if (step()?.step.pause === true) await this.signatures();
    await this.look(current);
    const offered = step()?.offered ?? [];
    const verdict = (['confirmed', 'still_planned', 'deviated'] as const).find((one) =>
      offered.includes(one),
    );
    if (verdict === undefined)
      throw new Error(`${current} offers ${offered.join()}: ${step()?.blocked} ${step()?.gateLines.join()}`);
    await this.ask({ kind: 'confirm', session, stepId: current, verdict, note });
  }

  async fail(): Promise<void> {
    const { session, current } = this.view;
    await this.ask({
      kind: 'confirm',
      session,
      stepId: current ?? '',
      verdict: 'failed',
      note: 'it did not work',
    });
  }

  /** Another person signs every answer that waits for it, over the same files as in life. */
  async signatures(): Promise<void> {
    while (this.view.steps.some((one) => one.wantsSignature)) {
      const asked = await this.runs.askWitness(this.view.session);
      const byAnna = readFileSync(asked.path, 'utf8').includes(`\\"person\\":\\"${ANNA.person}\\"`);
      writeFileSync(asked.answerPath, signed(byAnna ? BERT : ANNA, asked.path, 'approved'));
      this.#view = await this.runs.takeWitness(this.view.session, asked.answerPath);
    }
  }

  async handOver(to: Person): Promise<void> {
    const { session } = this.view;
    const asked = await this.runs.askHandover(session, to.person);
    writeFileSync(asked.answerPath, signed(to, asked.path, 'accepted'));
    await this.ask({ kind: 'handover', session, answer: asked.answerPath, note: 'end of the shift' });
  }

  async seal(): Promise<void> {
    await this.signatures();
    await this.ask({ kind: 'seal', session: this.view.session });
  }

  /** The session as another machine gets it. */
  carryTo(evidenceDir: string): void {
    cpSync(this.view.path, join(evidenceDir, basename(this.view.path)), {
      recursive: true,
      filter: (path) => !path.endsWith('.lock') && !path.endsWith('lock'),
    });
  }

  get records(): readonly RecordBody[] {
    return readFileSync(join(this.view.path, 'journal.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { body: RecordBody }).body);
  }
}

/** The answer of another person to a request file. */
export function signed(who: Person, requestPath: string, meaning: WitnessMeaning): Uint8Array {
  const request = JSON.parse(readFileSync(requestPath, 'utf8')) as WitnessRequest;
  const statement = {
    person: who.person,
    meaning,
    at: new Date().toISOString(),
    host: 'elsewhere',
    boot_id: 'another-boot',
  };
  const digest = digestOfTyped(witnessTypedData(request.session, request.ref, statement, request.estate_id));
  return toFile({
    format: 'c138-witness-answer',
    v: 1,
    estate_id: request.estate_id,
    session: request.session,
    ref: request.ref,
    witness: { ...statement, name: who.name, address: who.address, sig: signDigest(who, digest) },
  });
}
