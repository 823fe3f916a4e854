import { HISTORY_SERIES, type HistoryKey, type HistorySample, seriesOf } from '../chain/history.ts';
import { sanitiseLine } from '../model/index.ts';

const WIDTH = 720;
const HEIGHT = 120;
/** Points drawn at most; more samples are drawn as the highest of each group, so that a spike is never lost. */
const MOST_POINTS = 600;

/** Text for HTML: made safe for screens, then escaped. */
function text(value: string): string {
  return sanitiseLine(value, 300).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const time = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

/**
 * The history of the chain as one HTML file with plots: no scripts, nothing loaded from anywhere. Pure.
 * @param about name of the estate and whether it is simulated
 */
export function historyHtml(
  samples: readonly HistorySample[],
  about: { readonly name: string; readonly simulated: boolean; readonly madeAt: number },
): string {
  const [first, last] = [samples[0], samples.at(-1)];
  const span =
    first === undefined || last === undefined
      ? 'No samples yet: the console adds them while it runs.'
      : `${samples.length} samples from ${time(first.at)} to ${time(last.at)}, height ${text(last.height ?? 'unknown')}.`;
  const plots = HISTORY_SERIES.map(([key, name, unit]) => plot(samples, key, name, unit)).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Chain history, ${text(about.name)}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2em auto; padding: 0 1em }
svg { width: 100%; height: auto; border: 1px solid #8888 }
path { fill: none; stroke: currentColor; stroke-width: 1.5 }
figure { margin: 1.5em 0 } figcaption { display: flex; justify-content: space-between; flex-wrap: wrap }
</style>
</head>
<body>
<h1>Chain history: ${text(about.name)}${about.simulated ? ' (simulated)' : ''}</h1>
<p>${span} Made ${time(about.madeAt)}. Gaps are times when nobody could look. This is no evidence; proofs are in snapshots.</p>
${plots}
</body>
</html>
`;
}

function plot(samples: readonly HistorySample[], key: HistoryKey, name: string, unit: string): string {
  const values = seriesOf(samples, key);
  const known = values.filter((one): one is number => one !== null);
  const least = known.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const suffix = unit === '' ? '' : ` ${unit}`;
  const caption =
    known.length === 0
      ? 'never seen'
      : `least ${least}${suffix}, most ${most}${suffix}, last ${known.at(-1)}${suffix}`;
  const drawn =
    known.length === 0 ? '' : `<path d="${pathOf(samples, values, least, Math.max(1, most - least))}"/>`;
  return `<figure>
<figcaption><strong>${text(name)}</strong><span>${caption}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${text(`${name}: ${caption}`)}">${drawn}</svg>
</figure>`;
}

/** An SVG path by time; a value that is missing lifts the pen. */
function pathOf(
  samples: readonly HistorySample[],
  values: readonly (number | null)[],
  least: number,
  span: number,
): string {
  const start = samples[0]?.at ?? 0;
  const length = Math.max(1, (samples.at(-1)?.at ?? 0) - start);
  const group = Math.max(1, Math.ceil(values.length / MOST_POINTS));
  const parts: string[] = [];
  let down = false;
  for (let index = 0; index < values.length; index += group) {
    const highest = highestOf(values.slice(index, index + group));
    const at = samples[index]?.at ?? start;
    if (highest === null) {
      down = false;
      continue;
    }
    const x = (((at - start) / length) * (WIDTH - 4) + 2).toFixed(1);
    const y = (HEIGHT - 4 - ((highest - least) / span) * (HEIGHT - 8)).toFixed(1);
    // A single point between gaps is drawn as a short stroke, so that it can be seen.
    parts.push(down ? `L${x} ${y}` : `M${x} ${y}h1`);
    down = true;
  }
  return parts.join('');
}

function highestOf(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (best, one) => (one !== null && (best === null || one > best) ? one : best),
    null,
  );
}
