const STEP_WORD: Readonly<Record<string, string>> = {
  confirmed: 'confirmed',
  failed: 'FAILED',
  skipped: 'skipped',
  deviated: 'deviated',
  not_applicable: 'not applicable',
  still_planned: 'still planned',
  again: 'try again',
  abort: 'abort the run',
  begin: 'go on with the text of the session',
};

/** The words that a verdict is shown with. */
export function verdictWord(verdict: string): string {
  return STEP_WORD[verdict] ?? verdict;
}
