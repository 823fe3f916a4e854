import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PlainConsole } from './plain-driver.ts';
import { run } from './run.ts';

let home = '';
let open: PlainConsole | null = null;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'c138-session-'));
});
afterEach(async () => {
  await open?.kill().catch(() => undefined);
  open = null;
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const evidence = (): string => join(home, '.local/state/c138/demo/evidence');
const trust = (): string => join(home, '.local/state/c138/demo/config/trust/trust.json');

describe('a whole runbook in line mode', () => {
  it('survives SIGKILL in the middle, goes on at the same step, is sealed and verifies', async () => {
    open = new PlainConsole(['demo', '--plain'], home);
    // Typed before the first page is there, as a pipe does: it is kept, and the list says what is typed to begin.
    open.say('runbooks');
    await open.until(/run phase3-follow-ups +Phase 3 manual follow-ups[\s\S]*c138> $/);
    open.say('run phase3-follow-ups');
    await open.sign();
    for (let step = 0; step < 3; step += 1) await open.answerStep();
    await open.ask('step', /-- step 4 of [\s\S]*c138> $/);
    await open.ask('window', /3 of \d+ steps answered, \d+ records, open, in charge: [\s\S]*c138> $/);
    await open.ask('timeline', /\d+ records of \w{8} ==\s+0 [^\n]*opens phase3-follow-ups[\s\S]*c138> $/);
    await open.kill();
    const [session = ''] = readdirSync(evidence());
    const folder = join(evidence(), session);

    const half = await run(['evidence', 'verify', folder, '--trust', trust()]);
    expect(half.code).toBe(10);

    open = new PlainConsole(['demo', '--plain'], home);
    await open.until(/c138> /);
    await open.ask('evidence', /c138> $/);
    open.say(`resume ${session.split('-').at(-1)}`);
    await open.sign();
    const [, at, of] = await open.ask('step', /-- step (\d+) of (\d+)[\s\S]*c138> $/);
    expect(at).toBe('4');
    for (let step = 4; step <= Number(of); step += 1) await open.answerStep();
    open.say('seal');
    await open.sign();
    expect(open.printed).not.toMatch(/\u001b/);
    expect(await open.quit()).toBe(0);
    open = null;

    const sealed = await run(['evidence', 'verify', folder, '--trust', trust(), '--json']);
    expect(JSON.parse(sealed.out)).toMatchObject({ format: 'c138-verify', exitCode: 0 });
    expect(sealed.code).toBe(0);
    expect((await run(['evidence', 'verify', folder], { HOME: home })).code).toBe(30);
    expect((await run(['evidence', 'verify', join(home, 'none'), '--trust', trust()])).code).toBe(50);

    const copy = join(home, 'copy');
    cpSync(folder, copy, { recursive: true });
    const journal = join(copy, 'journal.jsonl');
    const bytes = readFileSync(journal);
    for (const place of [10, Math.floor(bytes.length / 2), bytes.length - 2]) {
      const changed = Buffer.from(bytes);
      changed[place] = (changed[place] ?? 0) ^ 1;
      writeFileSync(journal, changed);
      expect((await run(['evidence', 'verify', copy, '--trust', trust()])).code).toBeGreaterThanOrEqual(20);
    }
  }, 360_000);
});
