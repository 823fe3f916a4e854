import type {
  Actor,
  Hex,
  Json,
  Observation,
  RecordBody,
  Runbook,
  SubjectId,
  Verdict,
} from '../../src/model/index.ts';
import { type GateState, gateObservations, type RunState, reduce, replay } from '../../src/runbooks/index.ts';

export const person = (name: string, digit: string): Actor => ({
  person: name.toLowerCase(),
  name,
  address: `0x${digit.repeat(40)}` as Hex,
  role: 'performer',
  meaning: 'performed',
});
export const ANNA = person('Anna', 'a');
export const BERT = person('Bert', 'b');

/** Records as a journal holds them, made one after another; the clock is the test's own. */
export class Records {
  readonly all: RecordBody[] = [];
  state: RunState;
  ms = Date.parse('2026-01-02T03:00:00.000Z');
  boot = 'boot-1';

  constructor(runbook: Runbook) {
    this.state = replay(runbook, []);
  }

  add(kind: RecordBody['kind'], actor: Actor | null, own: object): RecordBody {
    const body = {
      kind,
      v: 1,
      session: `0x${'1'.repeat(64)}`,
      seq: this.all.length,
      prev: hashOf(this.all.length - 1),
      at: new Date(this.ms).toISOString(),
      clock: { mono_ns: `${BigInt(this.ms) * 1_000_000n}`, boot_id: this.boot, synced: null, source: 't' },
      where: { host: 'h', node: null, vmid: null, tty: null, ssh_peer_sha256: null, uid: 0, user: 'u' },
      tool: { name: 'c138', version: '0', build_sha256: null },
      actor,
      ...own,
    } as unknown as RecordBody;
    this.ms += 1_000;
    this.all.push(body);
    this.state = reduce(this.state, body);
    return body;
  }

  open(actor = ANNA): this {
    this.add('open', actor, { open: {} });
    return this;
  }

  /** A reading of the step's gates, all with the same result. */
  look(
    stepId: string,
    state: Exclude<GateState, 'none' | 'not-run'>,
    extra: readonly Observation[] = [],
  ): this {
    const step = this.state.steps.find((one) => one.step.id === stepId)?.step;
    const at = new Date(this.ms).toISOString();
    const each = (step?.gates ?? []).map((gate) => ({ gate, state, line: `${gate.subject} ${state}` }));
    this.add('probe', null, {
      step: stepId,
      observations: [...gateObservations(each, { vantage: 't', started: at, ended: at }), ...extra],
    });
    return this;
  }

  attach(stepId: string, code: number): this {
    const at = new Date(this.ms).toISOString();
    this.add('probe', null, {
      step: stepId,
      observations: [
        {
          probe: 'attached-output',
          subject: 'program:test',
          endpoint: 'operator',
          level: 'none',
          request: 'x',
          answer: { class: code === 0 ? 'ok' : 'exit', code, facts: { name: 'out.txt' }, checks: [] },
          vantage: 't',
          started: at,
          ended: at,
          raw: { sha256: 'ab', bytes: 3, truncated: false, redactions: [{ rule: 'jwt', count: 2 }] },
        },
      ],
    });
    return this;
  }

  answer(stepId: string, verdict: Verdict, more: AnswerMore = {}): this {
    this.add('confirm', more.by ?? ANNA, {
      ...this.#answer(stepId, more),
      verdict,
      observations: more.observations ?? [],
    });
    return this;
  }

  correct(stepId: string, verdict: Verdict, more: AnswerMore = {}): this {
    const seq = this.state.steps.find((one) => one.step.id === stepId)?.seq ?? 0;
    this.add('correction', more.by ?? ANNA, {
      ...this.#answer(stepId, more),
      verdict,
      ref: { seq, line_sha256: hashOf(seq) },
    });
    return this;
  }

  #answer(stepId: string, more: AnswerMore): object {
    const step = this.state.steps.find((one) => one.step.id === stepId)?.step;
    return {
      step: { id: stepId, subject: step?.subject ?? null, registered_status: more.registered ?? null },
      claims: more.claims ?? [],
      note: more.note ?? 'why',
    };
  }

  event(name: string, detail: Readonly<Record<string, Json>>, by = ANNA): this {
    this.add('event', by, { event: { name, detail } });
    return this;
  }

  witness(stepId: string, by: Actor, meaning = 'witnessed'): this {
    const seq = this.state.steps.find((one) => one.step.id === stepId)?.seq ?? 0;
    this.add('witness', null, {
      ref: { seq, line_sha256: hashOf(seq) },
      witness: { person: by.person, name: by.name, address: by.address, meaning },
    });
    return this;
  }

  handover(from: Actor, to: Actor): this {
    this.add('handover', from, {
      to: { person: to.person, name: to.name, address: to.address },
      accept: { person: to.person },
      note: '',
    });
    return this;
  }
}

export interface AnswerMore {
  readonly by?: Actor;
  readonly note?: string;
  readonly registered?: string | null;
  readonly claims?: readonly { subject: SubjectId; state: string; evidence: readonly number[] }[];
  readonly observations?: readonly Observation[];
}

function hashOf(seq: number): Hex {
  return `0x${String(seq + 1).padStart(64, '0')}`;
}
