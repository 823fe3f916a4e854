import { HISTORY_SERIES, type HistorySample, seriesOf, sparkLevels } from '../../chain/history.ts';
import { byzantine, mayBeDown, quorumOf, votesNeeded } from '../../chain/quorum.ts';
import { type Assessment, type JsonObject, sanitiseLine } from '../../model/index.ts';
import type { Glyphs } from '../theme.ts';
import { type Line, line, type Span, span } from './types.ts';

/** Columns of one sparkline, and from which room on. */
const SPARK = { least: 3, most: 6, from: 100 } as const;

/** How the chain fared over the last samples: one small picture a value, and what it is now. */
export function trendLine(history: readonly HistorySample[], glyphs: Glyphs, room: number): Line | null {
  if (history.length < 2) return null;
  const width = room < SPARK.from ? SPARK.least : SPARK.most;
  const spans: Span[] = [span('Trend  ', 'dim')];
  for (const [key, label, unit] of HISTORY_SERIES) {
    const series = seriesOf(history, key);
    const last = series.at(-1) ?? null;
    const levels = sparkLevels(series, width, glyphs.spark.length);
    const picture = levels.map((one) => (one === null ? ' ' : (glyphs.spark[one] ?? ' '))).join('');
    spans.push(
      span(`${SHORT[key] ?? label} `, 'dim'),
      span(picture, 'accent'),
      span(` ${last === null ? '?' : `${last}${unit}`} `),
    );
  }
  return spans;
}

const SHORT: Readonly<Record<string, string>> = {
  headAgeS: 'age',
  intervalS: 'interval',
  round: 'round',
  peers: 'peers',
  latencyMs: 'latency',
};

/** Master plan section 10: who validates, who takes part, what a change of the set would need. There is no button here. */
export function governanceLines(chain: Assessment): readonly Line[] {
  const facts = chain.observations.find((one) => one.probe === 'qbft-window')?.answer.facts;
  const validators = textsOf(facts?.validators);
  const n = validators.length;
  if (facts === undefined || n === 0) return [];
  const lines: Line[] = [
    line(span('')),
    line(span('Validators', 'accent')),
    line(
      span(
        `  ${n} in the set; a quorum is ${quorumOf(n)}; ${mayBeDown(n)} may be down, ${byzantine(n)} may lie; a vote passes with ${votesNeeded(n)}`,
      ),
    ),
    line(
      span(
        `  headers ${String(facts.from)} to ${String(facts.to)}: ${String(facts.verdict)}${facts.contractMode === true ? '; a contract selects the validators' : ''}`,
      ),
    ),
  ];
  for (const one of objectsOf(facts.participation)) {
    const skipped = Number(one.skipped ?? 0);
    const silent = Number(one.sealed ?? 0) === 0 && Number(one.proposed ?? 0) === 0;
    lines.push(
      line(
        span(
          `  ${sanitiseLine(String(one.address), 42)}  proposed ${String(one.proposed)}  sealed ${String(one.sealed)}  turns passed ${skipped}`,
          silent ? 'bad' : skipped > 0 ? 'warn' : 'plain',
        ),
      ),
    );
  }
  for (const one of objectsOf(facts.changes))
    lines.push(line(span(`  the set changed: ${shortJson(one)}`, 'warn')));
  for (const one of objectsOf(facts.inFlight))
    lines.push(line(span(`  a vote that has not passed yet: ${shortJson(one)}`, 'warn')));
  if (objectsOf(facts.inFlight).length === 0) lines.push(line(span('  no vote was seen under way', 'dim')));
  lines.push(
    line(
      span(
        '  A set changes by votes of its operators, worked as runbooks: validator-admission, validator-removal. c138 never votes.',
        'dim',
      ),
    ),
  );
  return lines;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function objectsOf(value: unknown): readonly JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is JsonObject => one !== null && typeof one === 'object' && !Array.isArray(one),
  );
}

function shortJson(value: JsonObject): string {
  return sanitiseLine(
    Object.entries(value)
      .map(([key, item]) => `${key} ${typeof item === 'string' ? item : JSON.stringify(item)}`)
      .join(', '),
    300,
  );
}
