import type { Assessment, Runbook, Step, SubjectId } from '../../model/index.ts';

/** The step of a runbook that deals with what was found. */
export interface MendingStep {
  /** Place of the runbook among the runbooks. */
  readonly index: number;
  readonly runbook: string;
  /** Number of the step among those of the way, from 1, and how many there are. */
  readonly step: number;
  readonly of: number;
  readonly title: string;
}

/** Which step deals with what a rule found; `about` narrows it to subjects of a category. Earlier lines first. */
const DEALS: readonly {
  readonly rules: RegExp;
  readonly category?: string;
  readonly runbook: string;
  readonly step: string;
}[] = [
  { rules: /^could-not-look-ssh-host-key/, runbook: 'ssh-host-key-changed', step: 'stop' },
  { rules: /^(qbft-fork|on-other-fork|partition)$/, runbook: 'besu-stall', step: 'one-chain' },
  { rules: /^pool-stuck$/, runbook: 'besu-stall', step: 'pool' },
  {
    rules: /^(qbft-(stalled|late|recovering|quorum)|chain-unseen|no-peers-anywhere)$/,
    runbook: 'besu-stall',
    step: 'look',
  },
  { rules: /^(quorum-margin|round-change)$/, runbook: 'besu-stall', step: 'count' },
  {
    rules: /^(guest-stopped|besu-\w+-\w+|validator-few-peers|node-stuck|not-ready)/,
    category: 'besu_validator',
    runbook: 'besu-stall',
    step: 'cause',
  },
  {
    rules: /^(vote-in-flight|set-chang|set-differs)/,
    runbook: 'validator-admission',
    step: 'decision',
  },
  {
    rules: /^(placeholder-(running|listening)|unexpected-service)$/,
    runbook: 'placeholder-activation',
    step: 'as-is',
  },
];

/**
 * The step that deals with what was found of a subject: first by the rule that found it, then the first step about the subject, then one whose
 * probes look at it or at its tier. Null when no runbook has any. Pure.
 */
export function mendingStep(
  subject: SubjectId,
  found: Assessment | undefined,
  runbooks: readonly Runbook[],
): MendingStep | null {
  const category = found?.subject.category;
  const tier = found?.subject.tier;
  for (const { rule } of found?.findings ?? [])
    for (const deal of DEALS)
      if (deal.rules.test(rule) && (deal.category === undefined || deal.category === category)) {
        const step = firstStep(
          runbooks.filter((one) => one.id === deal.runbook),
          (one) => one.id === deal.step,
          runbooks,
        );
        if (step !== null) return step;
      }
  const near: readonly (SubjectId | null)[] = [subject, tier === undefined ? null : `tier:${tier}`];
  return (
    firstStep(runbooks, (one) => one.subject === subject, runbooks) ??
    firstStep(runbooks, (one) => one.gates.some((gate) => near.includes(gate.subject)), runbooks)
  );
}

function firstStep(
  among: readonly Runbook[],
  is: (step: Step) => boolean,
  all: readonly Runbook[],
): MendingStep | null {
  for (const runbook of among) {
    const way = runbook.steps.filter((one) => one.backOut === null);
    const at = way.findIndex(is);
    const step = way[at];
    if (step !== undefined)
      return {
        index: all.indexOf(runbook),
        runbook: runbook.title,
        step: at + 1,
        of: way.length,
        title: step.title,
      };
  }
  return null;
}
