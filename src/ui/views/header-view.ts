import { ageText, type Snapshot, sanitiseLine } from '../../model/index.ts';
import type { ConsoleState } from '../../state/store.ts';
import { type Line, type Span, span } from './types.ts';

/** From here on it is worth a colour that nothing answers any more. */
const SILENT_MS = 60_000;

/** The top line: whose estate, live or offline, and that nothing here can change it. */
export function headerLine(state: ConsoleState, now: number): Line {
  const { snapshot, origin } = state;
  const spans: Span[] = [span('c138 ', 'accent')];
  const gone = span('[NOT WATCHING: start c138 again] ', 'bad');
  if (snapshot === null || origin === null)
    return [...spans, state.ended === null ? span('reading', 'dim') : gone];
  spans.push(span(sanitiseLine(snapshot.estate.name, 40), 'strong'), span(' '));
  if (snapshot.estate.simulated) spans.push(span('[SIMULATED] ', 'warn'));
  if (state.ended !== null) spans.push(gone);
  else if (origin.mode === 'live') spans.push(span('[LIVE] ', 'good'));
  else spans.push(span(`[OFFLINE snapshot of ${minuteOf(snapshot)} UTC] `, 'warn'));
  spans.push(span('[READ-ONLY] ', 'dim'), span(`from ${sanitiseLine(snapshot.vantage, 30)}`, 'dim'));
  if (origin.mode === 'live' && state.ended === null) spans.push(newestAnswer(state, now));
  return spans;
}

/** What is said when the sources are to be asked again: a snapshot can not be. */
export function refreshWords({ snapshot, origin }: ConsoleState): string {
  return origin?.mode === 'offline' && snapshot !== null
    ? `This is a snapshot of ${minuteOf(snapshot)} UTC: nothing can be asked again.`
    : 'Asking every source again.';
}

function minuteOf({ ended }: Snapshot): string {
  return ended.slice(0, 16).replace('T', ' ');
}

/** How long ago anything answered; a refusal is none. */
function newestAnswer({ sources }: ConsoleState, now: number): Span {
  let newest: number | null = null;
  for (const { lastGood } of Object.values(sources))
    if (lastGood !== null && (newest === null || lastGood > newest)) newest = lastGood;
  return newest === null
    ? span('  no answer yet', 'doubt')
    : span(`  newest answer ${ageText(now - newest)}`, now - newest > SILENT_MS ? 'warn' : 'dim');
}
