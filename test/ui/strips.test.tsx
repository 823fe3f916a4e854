import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { render } from 'ink';
import stringWidth from 'string-width';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PLAIN } from '../../scripts/build/width.mjs';
import { StripsContext } from '../../src/ui/components/strip.tsx';
import { ViewPane } from '../../src/ui/components/view-pane.tsx';
import { cellsOf, rowText, withStrips } from '../../src/ui/screen/cells.ts';
import { type Frame, frameDiff, frameOf } from '../../src/ui/screen/frame-diff.ts';
import { Strips } from '../../src/ui/screen/strips.ts';
import { graphemesOf } from '../../src/ui/text.ts';
import { makeTheme, type Tone } from '../../src/ui/theme.ts';
import { type Row, span, type View } from '../../src/ui/views/types.ts';

// As on a terminal with 256 colours, in both ways of drawing.
vi.hoisted(() => {
  process.env.FORCE_COLOR = '2';
});

const COLUMNS = 48;
const ROWS = 14;
const TONES: readonly Tone[] = ['plain', 'dim', 'strong', 'good', 'warn', 'bad', 'doubt', 'accent'];

/** What Ink writes, frame by frame. */
class Paper extends EventEmitter {
  readonly isTTY = true;
  readonly columns = COLUMNS;
  readonly rows = ROWS;
  text = '';

  write(text: string): boolean {
    if (!/^\u001b\[\?/.test(text)) this.text = text;
    return true;
  }
}

const running: { unmount(): void }[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.unmount();
});

/** A way to draw views, through rows that stand ready or by Ink alone, that is read as cells. */
function drawer(strips: Strips | null, theme: ReturnType<typeof makeTheme>) {
  const paper = new Paper();
  const tree = (view: View, cursor: number) => (
    <StripsContext value={strips}>
      <ViewPane view={view} rows={view.rows} cursor={cursor} columns={COLUMNS} height={ROWS} theme={theme} />
    </StripsContext>
  );
  let ink: ReturnType<typeof render> | null = null;
  let before: Frame | null = null;
  return (view: View, cursor: number): Frame => {
    if (ink === null) {
      ink = render(tree(view, cursor), {
        stdout: paper as unknown as NodeJS.WriteStream,
        debug: true,
        patchConsole: false,
        exitOnCtrlC: false,
      });
      running.push(ink);
    } else ink.rerender(tree(view, cursor));
    before = frameOf(paper.text, COLUMNS, ROWS, before, (char) => strips?.row(char) ?? null);
    return before;
  };
}

/** Without joined emoji: Ink counts them wider than they are drawn, and what stands behind them is pushed aside. */
const text = fc.oneof(
  { weight: 5, arbitrary: fc.stringMatching(/^[ -~]{0,16}$/) },
  fc.constantFrom('漢字の名前', '● good', 'e\u0301 é', '─│', '…', 'ｱ'),
);
const rowOf = fc.tuple(text, fc.constantFrom(...TONES), text, fc.constantFrom(...TONES));
const views = fc
  .record({
    rows: fc.array(rowOf, { maxLength: 20 }),
    top: fc.array(fc.tuple(text, fc.constantFrom(...TONES)), { maxLength: 2 }),
    framed: fc.boolean(),
  })
  .map(
    ({ rows, top, framed }): View => ({
      title: 'Test',
      top: top.map(([words, tone]) => [span(words, tone)]),
      columns: [
        { label: 'one', width: 10 },
        { label: 'two', width: 12, grow: true },
      ],
      rows: rows.map(
        ([one, oneTone, two, twoTone], index): Row => ({
          id: `row-${index}`,
          cells: [span(one, oneTone), span(two, twoTone)],
        }),
      ),
      empty: 'Nothing here.',
      framed,
    }),
  );

/** Looks of blanks differ where nobody sees it: Ink cuts trailing blanks off, whatever their look, but for reversed ones. */
const seen = (frame: Frame): readonly unknown[] =>
  frame.cells.map(({ chars, styles }) =>
    chars.map((char, at) =>
      char === ' ' && !/(?:^|;)7(?:;|$)/.test(styles[at] ?? '') ? ' ' : [char, styles[at]],
    ),
  );

describe('rows that stand ready', () => {
  it.each(['dark', 'light', 'safe', 'mono'] as const)('look as Ink itself draws them: %s', (name) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(views, fc.nat(19)), { minLength: 1, maxLength: 4 }), (steps) => {
        const theme = makeTheme({ ascii: false, colour: true, name });
        const kept = drawer(new Strips(), theme);
        const written = drawer(null, theme);
        for (const [view, at] of steps) {
          const cursor = Math.min(at, Math.max(0, view.rows.length - 1));
          expect(seen(kept(view, cursor))).toEqual(seen(written(view, cursor)));
        }
        for (const one of running.splice(0)) one.unmount();
      }),
      { numRuns: 40 },
    );
  });

  it('are the same cells from frame to frame, so that nothing is written for them', () => {
    const view: View = {
      title: 'Test',
      top: [],
      columns: [{ label: 'one', width: 10, grow: true }],
      rows: Array.from({ length: 10 }, (_, index) => ({ id: `${index}`, cells: [span(`row ${index}`)] })),
      empty: '',
      framed: false,
    };
    const draw = drawer(new Strips(), makeTheme({ ascii: false, colour: true }));
    const first = draw(view, 3);
    expect(frameDiff(first, draw({ ...view }, 3))).toBe('');
    const moved = draw({ ...view }, 4);
    expect(moved.cells.filter((row, at) => row !== first.cells[at])).toHaveLength(2);
  });

  it('are given back when they are no longer drawn, and never mistaken for another', () => {
    const strips = new Strips();
    const row = (words: string) => cellsOf(words, 10);
    const tokens = Array.from({ length: 6_400 }, (_, index) => strips.take(row(`${index}`)) ?? '');
    expect(new Set(tokens).size).toBe(6_400);
    expect(strips.take(row('one too many'))).toBeNull();
    strips.give(tokens[7] ?? '');
    strips.give(tokens[7] ?? '');
    expect(strips.row(tokens[7] ?? '')).toBeNull();
    const again = strips.take(row('again')) ?? '';
    expect(again).toBe(tokens[7]);
    expect(strips.take(row('one too many'))).toBeNull();
    const before = frameOf(again, 10, 1, null, (char) => strips.row(char));
    strips.give(again);
    strips.take(row('other'));
    const after = frameOf(again, 10, 1, before, (char) => strips.row(char));
    expect(after.cells.map(rowText)).toEqual(['other']);
  });

  it('are cut at the edge, and half a wide character is none', () => {
    const strips = new Strips();
    const token = strips.take(cellsOf('ab漢字', 6)) ?? '';
    const line = cellsOf(`>>${token}`, 5);
    const cut = withStrips(line, (char) => strips.row(char));
    expect(cut.chars).toEqual(['>', '>', 'a', 'b', ' ']);
  });
});

describe('what is taken for plain', () => {
  it('is one column wide and one character each', () => {
    for (let point = 0x20; point <= 0xffff; point += 1) {
      const char = String.fromCharCode(point);
      if (!PLAIN.test(char)) continue;
      expect([point, stringWidth(char), graphemesOf(`${char}x`).length]).toEqual([point, 1, 2]);
    }
  });

  it('is the same by itself and side by side', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~\u2500-\u259f\ue000-\uf8ff·…›↑↓⊘●○▲◆◌▸✓✖❯]{0,30}$/), (words) => {
        expect(stringWidth(words)).toBe(words.length);
        const whole = [...new Intl.Segmenter().segment(words)].map((one) => one.segment);
        expect(graphemesOf(words)).toEqual(whole);
      }),
    );
  });
});
