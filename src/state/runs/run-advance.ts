import { ADVANCE_MS, answerable, between, type StepState } from '../../runbooks/index.ts';
import type { PrepareRequest } from '../backend.ts';
import { type Run, thisMoment } from './run-in-hand.ts';
import { gateNow } from './run-view.ts';

/**
 * The step whose probes must be asked before an answer is prepared, or null. Gates are judged at the moment of advancing: who confirms on a
 * reading that is older than a moment has the probes asked again.
 */
export function stepToLookAt(run: Run, request: PrepareRequest): string | null {
  if (request.kind !== 'confirm' && request.kind !== 'correct') return null;
  if (request.verdict !== 'confirmed' && request.verdict !== 'still_planned') return null;
  const state = run.state.steps.find((one) => one.step.id === request.stepId);
  if (state === undefined || state.step.gates.length === 0) return null;
  if (!state.step.verdicts.includes(request.verdict) || isFresh(run, state)) return null;
  const place = answerable(run.state, state, request.kind === 'correct', run.signer ?? undefined);
  return place === null ? request.stepId : null;
}

function isFresh(run: Run, state: StepState): boolean {
  if (state.reading === null || gateNow(run, state) === 'not-run') return false;
  return between(state.reading.when, thisMoment()) <= ADVANCE_MS;
}
