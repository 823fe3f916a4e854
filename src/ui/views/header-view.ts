import { ageText, sanitiseLine } from '../../model/index.ts';
import type { ConsoleState } from '../../state/store.ts';
import { type Line, type Span, span } from './types.ts';

/** The top line: whose estate, live or offline, and that nothing here can change it. */
export function headerLine(state: ConsoleState, now: number): Line {
  const { snapshot, origin } = state;
  const spans: Span[] = [span('c138 ', 'accent')];
  if (snapshot === null || origin === null) return [...spans, span('reading the estate file', 'dim')];
  spans.push(span(sanitiseLine(snapshot.estate.name, 40), 'strong'), span(' '));
  if (snapshot.estate.simulated) spans.push(span('[SIMULATED] ', 'warn'));
  if (origin.mode === 'live') spans.push(span('[LIVE] ', 'good'));
  else
    spans.push(span(`[OFFLINE snapshot of ${snapshot.ended.slice(0, 16).replace('T', ' ')} UTC] `, 'warn'));
  spans.push(span('[READ-ONLY] ', 'dim'), span(`from ${sanitiseLine(snapshot.vantage, 30)}`, 'dim'));
  if (origin.mode === 'live')
    spans.push(span(`  newest answer ${ageText(now - Date.parse(snapshot.ended))}`, 'dim'));
  return spans;
}
