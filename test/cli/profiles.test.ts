import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './run.ts';

let home = '';
const env = () => ({ C138_CONFIG_DIR: join(home, 'config'), C138_STATE_DIR: join(home, 'state') });

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'c138-profiles-'));
  for (const name of ['north', 'south']) {
    const folder = join(home, 'config', 'profiles', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'estate.yaml'), `v: 1\nid: ${name}\nname: ${name}\nchain: {id: 138}\n`);
  }
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('profiles', () => {
  it('keep two estates apart: each pass is of one, and lies in its own folder', async () => {
    for (const name of ['north', 'south']) {
      const ran = await run(['discover', '--profile', name, '--json'], env());
      expect(JSON.parse(ran.out)).toMatchObject({
        estate: { id: name },
        folder: expect.stringContaining(join(home, 'state', 'profiles', name, 'reports')),
      });
    }
  });

  it('are named by doctor, by completion, and where one is not there', async () => {
    const doctor = await run(['doctor'], { ...env(), C138_PROFILE: 'north' });
    expect(doctor.out).toMatch(/profile +north \(C138_PROFILE; known: north, south\)/);
    expect((await run(['completion', 'words', '--', '--profile', ''], env())).out).toMatch(
      /north\t\nsouth\t/,
    );
    const none = await run(['--plain', '--profile', 'east'], env());
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('Profiles here: north, south') });
    const bad = await run(['discover', '--profile', '../north'], env());
    expect(bad).toMatchObject({ code: 2, err: expect.stringContaining('can not be the name of a profile') });
  });
});
