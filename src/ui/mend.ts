import type { Runbook, SubjectId } from '../model/index.ts';

/** The step of a runbook that is about a subject. */
export interface MendingStep {
  /** Place of the runbook among the runbooks. */
  readonly index: number;
  /** Number of the step, from 1, and how many there are. */
  readonly step: number;
  readonly of: number;
  readonly title: string;
}

/** The first step, in the order of the runbooks, whose subject it is; null when there is none. Pure. */
export function mendingStep(subject: SubjectId, runbooks: readonly Runbook[]): MendingStep | null {
  for (const [index, runbook] of runbooks.entries()) {
    const at = runbook.steps.findIndex((one) => one.subject === subject);
    const step = runbook.steps[at];
    if (step !== undefined) return { index, step: at + 1, of: runbook.steps.length, title: step.title };
  }
  return null;
}
