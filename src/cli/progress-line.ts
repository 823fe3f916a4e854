import type { DocumentedEstate, Observation } from '../model/index.ts';
import type { Io } from './io.ts';

/** Milliseconds between two lines where stderr is no terminal: enough for a log, not too much. */
const LOG_EVERY_MS = 5000;
const DRAW_EVERY_MS = 200;

/** Tells on stderr how far a pass has come. */
export interface ProgressLine {
  readonly saw: (observation: Observation) => void;
  /** Takes the line off the terminal; can be called twice. */
  readonly end: () => void;
}

/**
 * On a terminal one line that is overwritten; elsewhere a line every few seconds, so that a run in a pipe or a log is not silent. What counts is
 * endpoints that answered anything, of those the estate file names.
 */
export function discoverProgress(
  estate: DocumentedEstate,
  io: Pick<Io, 'err' | 'stderrIsTty'>,
  now: () => number = () => performance.now(),
): ProgressLine {
  const known = new Set(estate.endpoints.map((one) => one.id));
  const answered = new Set<string>();
  let seen = 0;
  const began = now();
  let drawn = began;
  let open = false;
  return {
    saw: (one) => {
      seen += 1;
      if (known.has(one.endpoint)) answered.add(one.endpoint);
      const at = now();
      if (at - drawn < (io.stderrIsTty ? DRAW_EVERY_MS : LOG_EVERY_MS)) return;
      drawn = at;
      const text = `c138: ${answered.size} of ${known.size} endpoints, ${seen} observations, ${Math.round((at - began) / 1000)} s`;
      io.err(io.stderrIsTty ? `\r${text}\u001b[K` : `${text}\n`);
      open = io.stderrIsTty;
    },
    end: () => {
      if (open) io.err('\r\u001b[K');
      open = false;
    },
  };
}
