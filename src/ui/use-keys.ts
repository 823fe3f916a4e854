import { useInput, usePaste } from 'ink';
import { useEffectEvent, useLayoutEffect, useReducer, useRef } from 'react';
import type { KeyPress } from './commands/keys.ts';
import { behind, type Press } from './commands/presses.ts';

/** What takes the keys. */
export interface Keys {
  /** Does the first of what a press holds, and gives back what is to be read after it. */
  press(press: Press): string;
  paste(text: string): void;
}

/**
 * Keys one after the other: each is read against the screen that the one before brought. A slow link delivers several at once, and Enter
 * must open the row that the arrow before it went to.
 */
export function useKeys({ press, paste }: Keys): void {
  const waiting = useRef<(Press | string)[]>([]);
  /** How many were done, and of how many the screen is there. */
  const done = useRef(0);
  const [shown, show] = useReducer((count: number) => count + 1, 0);
  const takeOne = useEffectEvent(() => {
    const next = waiting.current.shift();
    if (next === undefined) return;
    if (typeof next === 'string') paste(next);
    else {
      const rest = press(next);
      if (rest !== '') waiting.current.unshift(behind(rest));
    }
    done.current += 1;
    show();
  });
  const came = (next: Press | string): void => {
    waiting.current.push(next);
    if (waiting.current.length === 1 && done.current === shown) takeOne();
  };
  useInput((chunk: string, key: KeyPress) => {
    // Whoever typed it saw the screen only where every key before it was done and shown.
    const one: Press = { chunk, key, behind: waiting.current.length > 0 || done.current !== shown };
    // Out, whatever else still waits.
    if (key.ctrl && chunk === 'c') press(one);
    else came(one);
  });
  usePaste(came);
  useLayoutEffect(() => {
    if (waiting.current.length === 0 || done.current !== shown) return;
    const timer = setImmediate(takeOne);
    return () => clearImmediate(timer);
  }, [shown]);
}
