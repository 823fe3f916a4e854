import { Text } from 'ink';
import { cleanup, render } from 'ink-testing-library';
import { useState } from 'react';
import { afterEach, expect, it } from 'vitest';
import { useKeys } from '../../src/ui/use-keys.ts';
import { eventually } from '../eventually.ts';

afterEach(() => cleanup());

/** Counts down from what is on the screen, and keeps what it was given. */
function counting() {
  const seen: { readonly at: number; readonly chunk: string; readonly behind: boolean }[] = [];
  const pasted: string[] = [];
  function Counter() {
    const [at, setAt] = useState(0);
    useKeys({
      press: ({ chunk, behind }) => {
        const char = chunk.slice(0, 1);
        seen.push({ at, chunk: char, behind });
        // A key that changes nothing brings no other screen, and the next one is read even so.
        if (char !== 'x') setAt(at + 1);
        return chunk.slice(1);
      },
      paste: (text) => pasted.push(text),
    });
    return <Text>{`at ${at}`}</Text>;
  }
  const { stdin, lastFrame } = render(<Counter />);
  return { seen, pasted, stdin, lastFrame };
}

it('each key is read against the screen that the one before brought, and knows that it came behind another', async () => {
  const { seen, stdin, lastFrame } = counting();
  await eventually(() => expect(lastFrame()).toBe('at 0'));
  stdin.write('a\u001b[B\u001b[Bxb');
  await eventually(() => expect(lastFrame()).toBe('at 4'));
  expect(seen.map(({ at, behind }) => [at, behind])).toEqual([
    [0, false],
    [1, true],
    [2, true],
    [3, true],
    [3, true],
  ]);
  stdin.write('c');
  await eventually(() => expect(lastFrame()).toBe('at 5'));
  expect(seen.at(-1)).toEqual({ at: 4, chunk: 'c', behind: false });
});
