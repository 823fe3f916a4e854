import { expect, it, vi } from 'vitest';
import { bindingsOf } from '../../src/ui/commands/bindings.ts';
import { handleKey, type KeyContext } from '../../src/ui/commands/input.ts';
import { keyName } from '../../src/ui/commands/keys.ts';
import { START } from '../../src/ui/commands/navigation.ts';
import { behind, firstKey } from '../../src/ui/commands/presses.ts';

/** The names of the keys in a piece, one after the other. */
function names(piece: string): readonly (string | null)[] {
  const out: (string | null)[] = [];
  for (let left = piece; left !== ''; ) {
    const { char, key, rest } = firstKey(behind(left));
    out.push(keyName(char, key));
    left = rest;
  }
  return out;
}

it('finds every key in a piece, also those that come as control characters', () => {
  expect(names('3j\r')).toEqual(['3', 'j', 'Enter']);
  expect(names('\r\nq')).toEqual(['Enter', 'q']);
  expect(names('\ta\u0004\u001ab')).toEqual(['Tab', 'a', 'Ctrl-d', 'Ctrl-z', 'b']);
  expect(names('é漢👩‍💻')).toEqual(['é', '漢', '👩‍💻']);
  expect(names('\u0000')).toHaveLength(1);
});

function inRun(typing = false) {
  const said = vi.fn();
  const began = vi.fn();
  const typed = vi.fn();
  const context = {
    place: { ...START, screen: 'runbooks', run: '0x01' },
    go: vi.fn(),
    where: 'run',
    run: { session: '0x01', begun: true },
    rows: [],
    cursor: 0,
    bindings: bindingsOf(),
    answering: { typing, asks: typing ? '0x01' : null, busy: false, say: said, begin: began, input: typed },
  } as unknown as KeyContext;
  return { context, said, began, typed };
}

it('a command of an open run counts only where it comes by itself or first', () => {
  const { context, said, began } = inRun();
  const press = { ...behind('jc'), behind: false };
  const rest = handleKey(press, context);
  expect(rest).toBe('c');
  expect(handleKey(behind(rest), context)).toBe('');
  expect(began).not.toHaveBeenCalled();
  expect(said).toHaveBeenCalledWith(expect.stringMatching(/^c came together with other keys .* Press it/));
  expect(handleKey({ ...behind('c'), behind: false }, context)).toBe('');
  expect(began).toHaveBeenCalledTimes(1);
});

it('keys that lead to no command are passed over at once, however many came', () => {
  const { context, began } = inRun();
  expect(handleKey({ ...behind('z'.repeat(16_000)), behind: false }, context)).toBe('');
  expect(handleKey({ ...behind(`${'ä'.repeat(4_000)}j${'z'.repeat(10)}`), behind: false }, context)).toBe(
    'z'.repeat(10),
  );
  expect(began).not.toHaveBeenCalled();
});

it('what is typed goes to the run that asked, and to no other', () => {
  const { context, typed } = inRun(true);
  const other = { ...context, run: { session: '0x02', begun: true } } as unknown as KeyContext;
  expect(handleKey(behind('A'), other)).toBe('');
  expect(typed).not.toHaveBeenCalled();
});

it('where a code is being typed a piece reaches the answer line whole', () => {
  const { context, typed } = inRun(true);
  expect(handleKey(behind('AB12\r'), context)).toBe('');
  expect(typed.mock.calls.map(([, chunk]) => chunk)).toEqual(['AB12\r']);
});
