import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './run.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'c138-doctor-'));
  mkdirSync(join(home, 'config'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function items(env: NodeJS.ProcessEnv = {}) {
  const { out } = await run(['doctor', '--json'], {
    C138_CONFIG_DIR: join(home, 'config'),
    C138_STATE_DIR: join(home, 'state'),
    ...env,
  });
  const all = JSON.parse(out).items as readonly {
    name: string;
    value: string;
    why: string;
    fault: string | null;
  }[];
  return (name: string) => all.find((one) => one.name === name);
}

describe('doctor, of the screen', () => {
  it('says how the console would draw, and which settings file decides', async () => {
    writeFileSync(join(home, 'config', 'settings.json'), '{"theme":"safe","keys":{"filter":["f"]}}');
    const item = await items({ TERM: 'xterm', LANG: 'C.UTF-8' });
    expect(item('screen')?.value).toMatch(/xterm.*theme safe, Unicode, own keys for 1 command$/);
    expect(item('settings')).toMatchObject({
      value: join(home, 'config', 'settings.json'),
      why: 'C138_CONFIG_DIR',
    });
    const console_ = await items({ TERM: 'linux', NO_COLOR: '1' });
    expect(console_('screen')?.value).toMatch(/no colour, ASCII/);
    expect(console_('screen')?.why).toMatch(/NO_COLOR/);
  });

  it('names a key that can not be used, and how to mend it', async () => {
    writeFileSync(join(home, 'config', 'settings.json'), '{"keys":{"filter":["q"]}}');
    expect((await items())('screen')?.fault).toMatch(/keys\.filter: q is the key of quit already; give one/);
  });
});
