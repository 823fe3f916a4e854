import type { RunStory, StepStory } from './run-story.ts';

/** How one step went in two runs of a runbook. */
export interface StepComparison {
  readonly id: string;
  readonly title: string;
  readonly first: string;
  readonly second: string;
  readonly same: boolean;
  readonly minutes: readonly [number | null, number | null];
}

export interface RunComparison {
  readonly sameRunbook: boolean;
  readonly sameText: boolean;
  readonly steps: readonly StepComparison[];
  readonly remarks: readonly string[];
}

/** Compares two runs, step by step. Runs of different runbooks are compared by what they have in common, and it is said. */
export function compareRuns(first: RunStory, second: RunStory): RunComparison {
  const ids = [
    ...first.steps.map((one) => one.id),
    ...second.steps.map((one) => one.id).filter((id) => !first.steps.some((one) => one.id === id)),
  ];
  const steps = ids.map((id): StepComparison => {
    const [a, b] = [first, second].map((story) => story.steps.find((one) => one.id === id));
    const words = [wordOf(a), wordOf(b)] as const;
    return {
      id,
      title: (a ?? b)?.title ?? id,
      first: words[0],
      second: words[1],
      same: words[0] === words[1],
      minutes: [a?.minutes ?? null, b?.minutes ?? null],
    };
  });
  return {
    sameRunbook: first.runbook.id === second.runbook.id,
    sameText: first.sourceSha256 === second.sourceSha256,
    steps: steps.filter((one) => one.first !== '' || one.second !== ''),
    remarks: remarksOf(first, second),
  };
}

/** What became of a step, in one word and its troubles; empty for a back-out that was not walked. */
function wordOf(one: StepStory | undefined): string {
  if (one === undefined) return 'not in this runbook';
  if (one.verdict === null) return one.backOut === null ? 'not answered' : '';
  const troubles = [
    ...(one.attempts > (one.verdict === 'failed' ? 1 : 0) ? [`failed ${one.attempts} times before`] : []),
    ...(one.deviations.length > 0 ? ['deviated from'] : []),
    ...(one.wantsSignature ? ['not witnessed'] : []),
  ];
  return [one.verdict.replaceAll('_', ' '), ...troubles].join(', ');
}

function remarksOf(first: RunStory, second: RunStory): readonly string[] {
  const pairs: readonly (readonly [string, string, string])[] = [
    [
      'runbook',
      `${first.runbook.id} ${first.runbook.version}`,
      `${second.runbook.id} ${second.runbook.version}`,
    ],
    ['definition', first.sourceSha256, second.sourceSha256],
    ['estate', first.estateId, second.estateId],
    ['ended', first.phase, second.phase],
    ['minutes', String(first.minutes ?? 0), String(second.minutes ?? 0)],
    ['people', first.people.join('; '), second.people.join('; ')],
    ['handovers', String(first.handovers.length), String(second.handovers.length)],
    ...first.runbook.variables.map(
      (one) =>
        [
          one.title,
          one.value,
          second.runbook.variables.find(({ name }) => name === one.name)?.value ?? 'none',
        ] as const,
    ),
  ];
  return pairs.filter(([, a, b]) => a !== b).map(([what, a, b]) => `${what}: ${a} / ${b}`);
}
