import type { EstateAssessment, Runbook } from '../../model/index.ts';
import type { ConsoleState } from '../../state/store.ts';
import type { PaletteWorld } from '../commands/palette.ts';
import type { ExportFacts } from '../export.ts';

/** What the palette completes with, from what is known of the estate. */
export function worldOf(
  assessment: EstateAssessment | null,
  runbooks: readonly Runbook[],
): Pick<PaletteWorld, 'subjects' | 'runbooks'> {
  return {
    subjects: (assessment?.subjects ?? []).map(({ subject }) => ({ id: subject.id, name: subject.name })),
    runbooks: runbooks.map(({ id, title }) => ({ id, title })),
  };
}

/** What every exported table says of itself. `at` is the moment of the assessment in milliseconds. */
export function factsOf({ snapshot }: ConsoleState, at: number, filter: string): ExportFacts {
  return {
    estate: snapshot?.estate.name ?? '',
    simulated: snapshot?.estate.simulated ?? false,
    at: new Date(at).toISOString(),
    filter,
  };
}
