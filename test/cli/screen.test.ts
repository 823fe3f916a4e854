import { describe, expect, it } from 'vitest';
import { chooseScreen } from '../../src/cli/screen.ts';
import { DEFAULT_SETTINGS } from '../../src/state/settings/settings-type.ts';

const choose = (
  flags: Parameters<typeof chooseScreen>[0],
  env: NodeJS.ProcessEnv = { TERM: 'xterm-256color', LANG: 'C.UTF-8' },
  settings: Partial<typeof DEFAULT_SETTINGS> = {},
) => chooseScreen(flags, env, { ...DEFAULT_SETTINGS, ...settings });

describe('how to draw', () => {
  it('is in colour with Unicode glyphs by default', () => {
    expect(choose({ color: true })).toMatchObject({
      plain: false,
      ascii: false,
      colour: true,
      fullRedraw: false,
      theme: 'dark',
    });
  });

  it('honours NO_COLOR, but not an empty one', () => {
    expect(choose({}, { NO_COLOR: '1' }).colour).toBe(false);
    expect(choose({}, { NO_COLOR: '' }).colour).toBe(true);
    expect(choose({ color: false }).colour).toBe(false);
    expect(choose({}, {}, { colour: 'never' }).colour).toBe(false);
  });

  it('takes line mode on a dumb terminal and ASCII on a Linux console', () => {
    expect(choose({}, { TERM: 'dumb' })).toMatchObject({ plain: true, ascii: true, colour: false });
    expect(choose({}, { TERM: 'linux' })).toMatchObject({ plain: false, ascii: true, colour: true });
    expect(choose({}, { TERM: 'linux' }, { glyphs: 'unicode' }).ascii).toBe(false);
    expect(choose({}, { TERM: 'xterm', LANG: 'C' }).ascii).toBe(true);
    expect(choose({}, { TERM: 'xterm' }).ascii).toBe(true);
    expect(choose({}, { TERM: 'xterm', LC_ALL: 'POSIX', LANG: 'de_DE.UTF-8' }).ascii).toBe(true);
    expect(choose({}, { TERM: 'xterm', LC_CTYPE: 'en_GB.utf8', LANG: 'C' }).ascii).toBe(false);
    expect(choose({ ascii: true }).ascii).toBe(true);
    expect(choose({ plain: true }).plain).toBe(true);
    expect(choose({}, {}, { glyphs: 'ascii', fullRedraw: true })).toMatchObject({
      ascii: true,
      fullRedraw: true,
    });
  });
});
