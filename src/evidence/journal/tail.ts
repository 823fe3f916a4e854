import { sha256Hex } from '../record/canonical.ts';
import type { TornTail } from './journal-types.ts';

/** The whole lines of a journal, and what is left behind them. */
export interface SplitJournal {
  /** Each line with its LF. */
  readonly lines: readonly Uint8Array[];
  /** Bytes up to which the file is whole. */
  readonly wholeBytes: number;
  readonly torn: TornTail | null;
}

/**
 * Splits a journal into lines. What follows the last LF was never acknowledged: a torn tail. So is a last line that
 * holds a NUL byte, which no record can: after a power loss a file may be longer than what reached the disk.
 */
export function splitJournal(bytes: Uint8Array): SplitJournal {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, start)) {
    lines.push(bytes.subarray(start, at + 1));
    start = at + 1;
  }
  while (lines.at(-1)?.includes(0) === true) start -= (lines.pop() as Uint8Array).length;
  const tail = bytes.subarray(start);
  return {
    lines,
    wholeBytes: start,
    torn: tail.length === 0 ? null : { sha256: sha256Hex(tail), bytes: tail.length },
  };
}
