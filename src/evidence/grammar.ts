import type { Hex } from '../model/json.ts';
import type { Observation } from '../model/observation.ts';
import type {
  ConfirmBody,
  CorrectionBody,
  DetachedSignature,
  DeviationBody,
  LineRef,
  OpenBody,
  RecordBody,
  SealBody,
} from '../model/record.ts';
import type { Runbook, Verdict } from '../model/runbook.ts';
import { VERDICTS } from '../model/runbook.ts';
import { claimNeedsWitness } from './claims.ts';
import { MerkleStack, merkleLeaf } from './merkle.ts';
import { firstPrev } from './record/line.ts';
import { recoverAddress } from './record/record-signature.ts';
import { digestOf, digestOfTyped, witnessTypedData } from './record/typed-data.ts';
import { DigestList, type RecordList, type Records, WholeRecords } from './verify/record-list.ts';

/** A record that can not stand at this place of the journal. */
export class GrammarError extends Error {
  override readonly name = 'GrammarError';
}

/** The answer in force for a step. */
export interface StepAnswer {
  readonly stepId: string;
  readonly verdict: Verdict;
  readonly seq: number;
  readonly body: ConfirmBody | CorrectionBody | DeviationBody;
}

/** A verified witness signature. */
export interface Witnessing {
  readonly ref: LineRef;
  readonly by: DetachedSignature;
}

/**
 * The journal read so far: what the next record must be, and what the seal must say. Used by the writer before it
 * accepts a record and by the verifier afterwards, so that both refuse the same. docs/evidence-format.md section 5.
 */
export class JournalState {
  readonly #hashes = new DigestList();
  readonly #merkle = new MerkleStack();
  readonly #bodies: RecordList;
  #last: RecordBody | null = null;
  readonly #blobs = new Map<string, number>();
  readonly answers = new Map<string, StepAnswer>();
  /** Steps answered again without the first answer having failed; a matter of policy. */
  readonly repeated: string[] = [];
  readonly witnessings: Witnessing[] = [];
  readonly evidence = new Map<number, readonly Observation[]>();
  #open: OpenBody | null = null;
  #seal: SealBody | null = null;
  #trust: Hex | null = null;
  #maxClockStepMs = 0;
  /** What a seal says, as it was when the seal came. */
  #beforeSeal: Pick<SealBody['seal'], 'count' | 'head' | 'max_clock_step_ms'> | null = null;

  /** @param bodies keeps the records; whoever only checks keeps less of them, since a journal may be very long */
  constructor(bodies: RecordList = new WholeRecords()) {
    this.#bodies = bodies;
  }

  get open(): OpenBody | null {
    return this.#open;
  }
  get seal(): SealBody | null {
    return this.#seal;
  }
  get bodies(): Records {
    return this.#bodies;
  }
  /** Digests of the lines. */
  get hashes(): Pick<DigestList, 'length' | 'at'> {
    return this.#hashes;
  }
  /** Digest of the trust store in force. */
  get trustSha256(): Hex | null {
    return this.#trust;
  }
  /** Blobs named so far: digest (without 0x) to size in bytes. */
  get blobs(): ReadonlyMap<string, number> {
    return this.#blobs;
  }
  /** Largest disagreement of wall clock and monotonic clock between neighbours of one boot, milliseconds. */
  get maxClockStepMs(): number {
    return this.#maxClockStepMs;
  }
  get merkleRoot(): Hex {
    return this.#merkle.root();
  }

  /** Place and predecessor of the next record of this session. */
  next(session: Hex): { readonly seq: number; readonly prev: Hex } {
    return { seq: this.#bodies.length, prev: this.#hashes.at(-1) ?? firstPrev(session) };
  }

  /**
   * Checks position, order of kinds and references. Does not look at signatures.
   * @throws GrammarError
   */
  check(body: RecordBody): void {
    const { seq, prev } = this.next(body.session);
    if (body.seq !== seq) throw new GrammarError(`record ${seq} says it is number ${body.seq}`);
    if (this.#open !== null && body.session !== this.#open.session)
      throw new GrammarError(`record ${seq} belongs to another session`);
    if (body.prev !== prev)
      throw new GrammarError(
        `record ${seq} does not follow the line before it (prev differs): a line was changed, removed or moved`,
      );
    if (this.#seal !== null)
      throw new GrammarError(`record ${seq} stands after the seal; sealed means closed`);
    if ((body.kind === 'open') !== (seq === 0))
      throw new GrammarError(
        seq === 0 ? 'the first record does not open the session' : `record ${seq} opens the session again`,
      );
    this.#checkReferences(body);
  }

  #checkReferences(body: RecordBody): void {
    if (body.kind === 'witness' || body.kind === 'correction') this.#checkRef(body.seq, body.ref);
    if (body.kind === 'correction') {
      const target = this.#bodies.at(body.ref.seq);
      if (
        target === undefined ||
        (target.kind !== 'confirm' && target.kind !== 'correction') ||
        target.step.id !== body.step.id
      )
        throw new GrammarError(
          `record ${body.seq} corrects a record that does not answer step ${body.step.id}`,
        );
    }
    if (body.kind === 'witness' && body.witness.meaning === 'accepted')
      throw new GrammarError(`record ${body.seq}: "accepted" belongs in a handover`);
    if (body.kind === 'handover' && body.accept !== null) {
      const { meaning, address, person, name } = body.accept;
      const { to } = body;
      if (meaning !== 'accepted' || address !== to.address || person !== to.person || name !== to.name)
        throw new GrammarError(`record ${body.seq}: the handover is not accepted by the one who receives it`);
    }
    if (body.kind === 'resume' && body.resume.last_line_sha256 !== body.prev)
      throw new GrammarError(`record ${body.seq} resumes after another line than the one before it`);
    if (body.kind === 'checkpoint') {
      const { size, root } = body.checkpoint;
      if (size !== body.seq || root !== this.merkleRoot)
        throw new GrammarError(`record ${body.seq}: the checkpoint does not match the lines before it`);
    }
    if (body.kind === 'probe' || body.kind === 'confirm')
      for (const { raw } of body.observations)
        if (raw !== null && (this.#blobs.get(raw.sha256) ?? raw.bytes) !== raw.bytes)
          throw new GrammarError(`record ${body.seq}: blob ${raw.sha256} is given two sizes`);
  }

  #checkRef(seq: number, ref: LineRef): void {
    if (ref.seq >= seq || this.#hashes.at(ref.seq) !== ref.line_sha256)
      throw new GrammarError(`record ${seq} refers to line ${ref.seq} by another digest than that line has`);
  }

  /** Takes in a record that `check` let pass. `line` is the whole line with LF, `hash` its SHA-256. */
  accept(body: RecordBody, line: Uint8Array, hash: Hex): void {
    if (body.kind === 'seal') {
      this.#beforeSeal = this.#counts();
      this.#seal = body;
    } else this.#merkle.push(merkleLeaf(line));
    this.#noteClock(body);
    this.#last = body;
    this.#hashes.push(hash);
    this.#bodies.push(body);
    if (body.kind === 'open') {
      this.#open = body;
      this.#trust = body.open.trust_sha256;
    }
    if (body.kind === 'resume') this.#trust = body.resume.trust_sha256;
    if (body.kind === 'probe' || body.kind === 'confirm') this.#keep(body.seq, body.observations);
    if (body.kind === 'witness') this.witnessings.push({ ref: body.ref, by: body.witness });
    const kept = this.#bodies.at(-1);
    if (kept?.kind === 'confirm' || kept?.kind === 'correction' || kept?.kind === 'deviation')
      this.#answer(kept);
  }

  #keep(seq: number, observations: readonly Observation[]): void {
    if (observations.length === 0) return;
    this.evidence.set(seq, this.#bodies.observations(observations));
    for (const { raw } of observations) if (raw !== null) this.#blobs.set(raw.sha256, raw.bytes);
  }

  #counts(): Pick<SealBody['seal'], 'count' | 'head' | 'max_clock_step_ms'> {
    return {
      count: this.#bodies.length,
      head: this.#hashes.at(-1) ?? firstPrev(`0x${'00'.repeat(32)}`),
      max_clock_step_ms: this.#maxClockStepMs,
    };
  }

  #answer(body: ConfirmBody | CorrectionBody | DeviationBody): void {
    const known = this.answers.get(body.step.id);
    if (body.kind === 'deviation') {
      if (known === undefined)
        this.answers.set(body.step.id, { stepId: body.step.id, verdict: 'deviated', seq: body.seq, body });
      return;
    }
    const explained = known === undefined || known.verdict === 'failed' || known.body.kind === 'deviation';
    if (body.kind === 'confirm' && !explained) this.repeated.push(body.step.id);
    this.answers.set(body.step.id, { stepId: body.step.id, verdict: body.verdict, seq: body.seq, body });
  }

  #noteClock(body: RecordBody): void {
    const last = this.#last;
    if (last === null || last.clock.boot_id !== body.clock.boot_id) return;
    const wall = Date.parse(body.at) - Date.parse(last.at);
    const mono = Number((BigInt(body.clock.mono_ns) - BigInt(last.clock.mono_ns)) / 1_000_000n);
    this.#maxClockStepMs = Math.max(this.#maxClockStepMs, Math.abs(wall - mono));
  }

  /** What a seal must say about the lines before it: those so far, when it is still to be written. */
  sealFields(runbook: Runbook, trustSha256: Hex): SealBody['seal'] {
    const totals = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
    for (const answer of this.answers.values()) totals[answer.verdict] += 1;
    return {
      ...(this.#beforeSeal ?? this.#counts()),
      merkle_root: this.merkleRoot,
      trust_sha256: trustSha256,
      totals: { steps: runbook.steps.length, ...totals },
      open_items: openItems(this, runbook),
      blobs_count: this.#blobs.size,
    };
  }
}

/**
 * What is still missing, in the words of the seal: ids of steps without an answer (optional steps aside), then
 * `witness:<step>` for answers that need a witness, or an approval, and have none.
 */
export function openItems(state: JournalState, runbook: Runbook): readonly string[] {
  const items: string[] = [];
  for (const step of runbook.steps) if (!step.optional && !state.answers.has(step.id)) items.push(step.id);
  for (const step of runbook.steps) {
    const answer = state.answers.get(step.id);
    if (answer === undefined) continue;
    const needed =
      step.witness || step.approval || (answer.body.kind !== 'deviation' && claimNeedsWitness(answer.body));
    if (needed && !state.witnessings.some((one) => counts(one, answer, step.approval)))
      items.push(`witness:${step.id}`);
  }
  return items;
}

/** By another person, over this answer, and with the word `approved` where that is asked for. */
function counts({ ref, by }: Witnessing, answer: StepAnswer, approval: boolean): boolean {
  const { actor } = answer.body;
  return (
    ref.seq === answer.seq &&
    actor !== null &&
    by.person !== actor.person &&
    by.address !== actor.address &&
    (!approval || by.meaning === 'approved')
  );
}

/**
 * The addresses that must have signed a record and its embedded signature really did.
 * @param digest that of the body, where it was computed already
 * @throws GrammarError, SignatureError
 */
export function checkSignatures(
  body: RecordBody,
  bodyBytes: Uint8Array,
  sig: Hex | null,
  estateId: string,
  digest: Hex | null = null,
): void {
  if ((body.actor === null) !== (sig === null))
    throw new GrammarError(
      sig === null
        ? `record ${body.seq} names a person but is not signed`
        : `record ${body.seq} is signed but names no person`,
    );
  const signed = sig === null ? null : (digest ?? digestOf(body, bodyBytes, estateId));
  if (sig !== null && signed !== null && recoverAddress(signed, sig) !== body.actor?.address)
    throw new GrammarError(
      `record ${body.seq}: the signature is not by ${body.actor?.address} over these bytes`,
    );
  if (body.kind === 'witness') checkDetached(body.session, body.ref, body.witness, estateId);
  if (body.kind === 'handover' && body.accept !== null)
    checkDetached(body.session, { seq: body.seq - 1, line_sha256: body.prev }, body.accept, estateId);
}

/**
 * Checks the signature of a witness, an accepted handover or a countersign file.
 * @throws GrammarError, SignatureError
 */
export function checkDetached(session: Hex, ref: LineRef, by: DetachedSignature, estateId: string): void {
  const digest = digestOfTyped(witnessTypedData(session, ref, by, estateId));
  if (recoverAddress(digest, by.sig) !== by.address)
    throw new GrammarError(`the signature of ${by.person} over line ${ref.seq} is not by ${by.address}`);
}
