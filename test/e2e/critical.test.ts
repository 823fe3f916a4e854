import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTerminal, newKey } from '../cli/in-terminal.ts';
import { Terminal } from './terminal.ts';

const PASSPHRASE = 'correct horse battery';
let home = '';
const env = () => ({
  HOME: home,
  C138_CONFIG_DIR: join(home, 'config'),
  C138_STATE_DIR: join(home, 'state'),
});

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-critical-'));
  mkdirSync(join(home, 'config'), { recursive: true });
  writeFileSync(join(home, 'config', 'estate.yaml'), 'v: 1\nid: critical\nname: y\nchain: {id: 138}\n');
  await newKey(PASSPHRASE, env());
  const trust = await inTerminal(
    ['trust', 'init', '--person', 'anna', '--name', 'Anna'],
    [
      [/Passphrase for .*: $/, PASSPHRASE],
      [/Type (\w{4}) to sign: $/, (match) => match[1] ?? ''],
    ],
    env(),
  );
  expect(trust.code, trust.screen).toBe(0);
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

const records = (): readonly string[] => {
  const folder = join(home, 'state', 'evidence');
  const [session = ''] = readdirSync(folder).filter((name) => name !== 'requests');
  return readFileSync(join(folder, session, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n');
};

/** Answers the step with a response, up to where the signer asks for its code; resolves to that. */
async function untilCode(terminal: Terminal): Promise<string> {
  terminal.type('c');
  await terminal.see(/confirmed: why\?/);
  terminal.type('nobody has it');
  await terminal.see(/> nobody has it/);
  terminal.type('\r');
  return (await terminal.see(/Type (\w{4}) to sign: *$/m))[1] ?? '';
}

describe('a critical step on the screen', () => {
  it('is shown and confirmed by the signer itself, past the console; a wrong code signs nothing', async () => {
    const terminal = new Terminal(['runbook', 'run', 'lost-passphrase'], {
      columns: 120,
      rows: 40,
      home,
      env: env(),
    });
    try {
      await terminal.see(/Not begun yet/);
      terminal.type('b');
      await terminal.see(/Passphrase for/);
      terminal.type(`${PASSPHRASE}\r`);
      const begin = (await terminal.see(/Type (\w{4}) and Enter to sign/))[1] ?? '';
      await terminal.typeCode(begin);
      await terminal.see(/Recorded and durable: record 0/);

      await untilCode(terminal);
      await terminal.see(/You are about to sign a critical step/);
      await terminal.see(/step +Lost, or possibly taken by somebody/);
      expect(await terminal.screen()).not.toMatch(/6 Runbooks/);
      terminal.type('none\r');
      await terminal.see(/that is not the code; nothing was signed/);
      expect(records()).toHaveLength(1);

      const code = await untilCode(terminal);
      terminal.type(`${code}\r`);
      // The key is unlocked, and its holder is asked all the same.
      await terminal.see(/once more, the step is critical: *$/m);
      terminal.type('not the passphrase\r');
      await terminal.see(/that is not the passphrase; nothing was signed/);
      expect(records()).toHaveLength(1);

      const again = await untilCode(terminal);
      terminal.type(`${again}\r`);
      // What comes before its prompt is not shown, whether it is taken or lost.
      terminal.type(PASSPHRASE);
      const asked = (code: string): RegExp =>
        new RegExp(
          `Type ${code} to sign: ${code}\\s+Passphrase for \\S+ once more, the step is critical: *$`,
          'm',
        );
      await terminal.see(asked(again));
      terminal.type('\u001b');
      await terminal.see(/nothing was typed; nothing was done/);
      expect(records()).toHaveLength(1);

      const last = await untilCode(terminal);
      terminal.type(`${last}\r`);
      await terminal.see(asked(last));
      terminal.type(`${PASSPHRASE}\r`);
      await terminal.see(/Recorded and durable: record 1/);
      expect(records()).toHaveLength(2);
      expect(records()[1]).toContain('"critical":true');
      terminal.type('q');
      terminal.type('q');
      expect((await terminal.ended()).code).toBe(0);
      expect(terminal.raw.join('')).not.toContain(PASSPHRASE);
    } finally {
      if (terminal.exit === null) terminal.kill('SIGKILL');
    }
  }, 120_000);
});
