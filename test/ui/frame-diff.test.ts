import xterm from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blankFrame, type Frame, frameDiff, frameOf, wholeFrame } from '../../src/ui/screen/frame-diff.ts';

const COLUMNS = 24;
const ROWS = 5;
const CLEAR = '\u001b[H\u001b[2J\u001b[?7l';

async function gridOf(...writes: readonly string[]): Promise<string> {
  const term = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true, scrollback: 0 });
  for (const one of writes) await new Promise<void>((resolve) => term.write(one, resolve));
  const out: string[] = [];
  for (let row = 0; row < ROWS; row += 1) {
    const line = term.buffer.active.getLine(row);
    for (let column = 0; column < COLUMNS; column += 1) {
      const cell = line?.getCell(column);
      const chars = cell?.getChars() ?? '';
      out.push(
        `${chars === '' && cell?.getWidth() !== 0 ? ' ' : chars}|${cell?.isBold()}|${cell?.isInverse()}|${cell?.isDim()}|${cell?.getFgColorMode()}:${cell?.getFgColor()}`,
      );
    }
    out.push('\n');
  }
  term.dispose();
  return out.join(' ');
}

const frame = (text: string, before: Frame | null = null): Frame => frameOf(text, COLUMNS, ROWS, before);

const styles = [
  '',
  '\u001b[1m',
  '\u001b[31m',
  '\u001b[7m',
  '\u001b[38;5;208m',
  '\u001b[2m',
  '\u001b[0m',
  '\u001b[22;39;27m',
];
const word = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[ -~]{0,12}$/) },
  fc.constantFrom('漢字', '…', '●', '─────', '    ', 'e\u0301', '❤\ufe0f', '👩‍👩‍👧', 'ｱ', '│', 'ß'),
);
const lineText = fc
  .array(fc.tuple(fc.constantFrom(...styles), word), { maxLength: 5 })
  .map((parts) => `${parts.map(([style, text]) => style + text).join('')}\u001b[0m`);
const text = fc.array(lineText, { minLength: 0, maxLength: ROWS + 2 }).map((lines) => lines.join('\n'));

describe('the difference between two frames', () => {
  it('leads to the same screen as drawing the second one whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (texts) => {
        let before = blankFrame(COLUMNS, ROWS);
        const writes = [CLEAR];
        for (const one of texts) {
          const next = frame(one, before);
          writes.push(frameDiff(before, next));
          before = next;
        }
        const whole = await gridOf(CLEAR, wholeFrame(before));
        expect(await gridOf(...writes)).toBe(whole);
        // Whatever was there before.
        expect(await gridOf(CLEAR, 'junk '.repeat(30), wholeFrame(before))).toBe(whole);
      }),
      { numRuns: 150 },
    );
  });

  it('is nothing for the same frame, and a few bytes for one cell', () => {
    const line = `\u001b[1mhead \u001b[36m100001\u001b[39m\u001b[22m  more`;
    const a = frame(`title\n${line}\nend`);
    expect(frameDiff(a, frame(`title\n${line}\nend`, a))).toBe('');
    const diff = frameDiff(a, frame(`title\n${line.replace('100001', '100002')}\nend`, a));
    expect(diff).toContain('2');
    expect(diff.length).toBeLessThanOrEqual(30);
    expect(diff).not.toContain('100');
  });

  it('erases nothing but the rest of a line', () => {
    const a = frame('a long line of text\nsecond');
    const diff = frameDiff(a, frame('a\n', a));
    expect(diff).not.toMatch(/\u001b\[\d*J/);
    expect(diff.match(/\u001b\[K/g)).toHaveLength(2);
  });

  it('lets no control character and no sequence but looks through', () => {
    const hostile = frameDiff(
      blankFrame(COLUMNS, ROWS),
      frame('a\u0007b\u001b]52;c;eA==\u0007\u001b[2Jc\u001b[5;5Hd\u009b3J\u001bc'),
    );
    expect(hostile.replaceAll(/\u001b\[[\d;]*[HmKGCD]/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});
