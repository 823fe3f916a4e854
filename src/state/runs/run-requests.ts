import { evidenceText } from '../../evidence/record/canonical.ts';
import type { TrustStore } from '../../evidence/trust/trust.ts';
import type { Actor, DocumentedEstate, RecordBody, SealBody } from '../../model/index.ts';
import {
  type Admission,
  admit,
  admitAbort,
  admitAgain,
  closedFor,
  EVENTS,
  type StepState,
} from '../../runbooks/index.ts';
import type { PrepareRequest } from '../backend.ts';
import { handoverFrom } from './handover.ts';
import {
  type AnswerInput,
  confirmBody,
  correctionBody,
  deviationBody,
  eventBody,
  handoverBody,
  type Position,
  sealBody,
} from './run-bodies.ts';
import { type Run, RunError } from './run-in-hand.ts';
import { gateNow, subjectOf } from './run-view.ts';
import { answerText } from './witness.ts';

/** Everything but the beginning. */
export type LaterRequest = Exclude<PrepareRequest, { readonly kind: 'begin' }>;

/** What a record is made in. */
export interface RequestContext {
  readonly run: Run;
  readonly at: Position;
  readonly actor: Actor;
  readonly estate: DocumentedEstate;
  readonly trust: TrustStore;
  readonly sealFields: () => SealBody['seal'];
}

function insist(admission: Admission): void {
  if (!admission.ok) throw new RunError(admission.reason);
}

/** A note that is there, or a sentence that asks for it. */
function said(note: string, what: string): string {
  const text = evidenceText(note, 2_000);
  if (text === '') throw new RunError(`${what} needs words: say what and why`);
  return text;
}

/** @throws RunError */
function stepOf(run: Run, stepId: string): StepState {
  const found = run.state.steps.find((one) => one.step.id === stepId);
  if (found === undefined) throw new RunError(`there is no step "${stepId}"`);
  return found;
}

/**
 * The record that a request asks for, after the engine let it pass.
 * @throws RunError, ExchangeError saying why it may not be made now
 */
export async function recordFor(request: LaterRequest, context: RequestContext): Promise<RecordBody> {
  const { run, at, actor } = context;
  const closed = closedFor(run.state, actor.address);
  // What was aborted can still be sealed and spoken of.
  if (closed !== null && !(run.state.aborted && (request.kind === 'seal' || request.kind === 'note')))
    throw new RunError(closed);
  switch (request.kind) {
    case 'confirm':
      return answerBody(request, false, context);
    case 'correct':
      return answerBody(request, true, context);
    case 'deviate': {
      const { step } = stepOf(run, request.stepId);
      if (run.state.current !== step.id) throw new RunError('a deviation is from the step at hand');
      return deviationBody(
        at,
        actor,
        step,
        subjectOf(context.estate, step),
        said(request.note, 'a deviation'),
      );
    }
    case 'note':
      if (request.stepId !== null) stepOf(run, request.stepId);
      return eventBody(at, actor, EVENTS.note, { step: request.stepId, text: said(request.note, 'a note') });
    case 'abort':
      insist(admitAbort(run.state, request.note));
      return eventBody(at, actor, EVENTS.aborted, {
        step: run.state.current ?? run.state.failed,
        text: said(request.note, 'aborting'),
      });
    case 'again':
      insist(admitAgain(run.state, request.note));
      return eventBody(at, actor, EVENTS.again, {
        step: run.state.failed,
        text: said(request.note, 'trying again'),
      });
    case 'handover': {
      const parts = handoverFrom(await answerText(request.answer), {
        ...at,
        estateId: context.estate.id,
        actor,
        trust: context.trust,
      });
      return handoverBody(at, actor, { ...parts, note: evidenceText(request.note, 2_000) });
    }
    case 'seal':
      return sealBody(at, actor, context.sealFields());
  }
}

function answerBody(
  request: Extract<LaterRequest, { readonly kind: 'confirm' | 'correct' }>,
  asked: boolean,
  { run, at, actor, estate }: RequestContext,
): RecordBody {
  const state = stepOf(run, request.stepId);
  const { step, seq } = state;
  // A back-out that is walked again replaces what was said the first time.
  const correction =
    asked || (run.state.phase === 'back-out' && state.verdict !== null && state.verdict !== 'failed');
  const subject = subjectOf(estate, step);
  const gate = gateNow(run, state);
  const note = request.note.trim() === '' && correction && !asked ? 'walked again' : request.note;
  insist(
    admit(run.state, {
      stepId: step.id,
      verdict: request.verdict,
      note,
      gate,
      registeredStatus: subject?.status ?? null,
      correction,
      by: actor.address,
    }),
  );
  const held = gate === 'not-run' ? undefined : run.gates.get(step.id);
  const answer: AnswerInput = {
    step,
    subject,
    verdict: request.verdict,
    note,
    gate:
      held === undefined
        ? null
        : {
            seq: held.seq,
            assessments: held.look.assessments,
            observations: held.look.observations,
          },
    attached: run.records
      .flatMap((body) => (body.kind === 'probe' && body.step === step.id ? body.observations : []))
      .filter((one) => state.attached.some(({ sha256 }) => sha256 !== null && sha256 === one.raw?.sha256)),
  };
  if (!correction || seq === null) return confirmBody(at, actor, answer);
  const hash = run.journal?.state.hashes.at(seq);
  if (hash === undefined) throw new RunError(`record ${seq} is not in the journal`);
  return correctionBody(at, actor, { seq, line_sha256: hash }, answer);
}
