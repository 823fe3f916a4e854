import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Terminal } from './terminal.ts';

let home = '';
let terminals: Terminal[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'c138-e2e-'));
});
afterEach(() => {
  for (const one of terminals) if (one.exit === null) one.kill('SIGKILL');
  terminals = [];
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

function open(
  args: readonly string[],
  options: { columns?: number; rows?: number; env?: Record<string, string> } = {},
): Terminal {
  const one = new Terminal(args, { home, ...options });
  terminals.push(one);
  return one;
}

function run(args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, '../../bin/c138'), ...args],
      { env: { ...process.env, HOME: home } },
      (error, out) => {
        resolve({ code: error === null ? 0 : Number(error.code), out });
      },
    );
  });
}

describe('the console on the simulated estate', () => {
  it('can be read while a run is at work, and says where the question waits', async () => {
    // A node that never answers keeps the probes of the first step at work for some seconds.
    const console_ = open(['demo', '--scenario', 'silent']);
    await console_.see(/newest answer/);
    console_.type('6');
    await console_.see(/begin +Phase 3/);
    console_.type('\r');
    const [, code = ''] = await console_.see(/Type (\w{4}) and Enter to sign/);
    await console_.typeCode(code);
    await console_.see(/Recorded and durable: record 0/);
    console_.type('c');
    await console_.see(/Asking the probes of the step/);
    console_.type('3');
    const guests = await console_.see(/VMID +name[\s\S]*Asking the probes of the step/);
    expect(guests[0]).toContain('sim-besu');
    await console_.see(/VMID +name[\s\S]*A run asks something: 6 shows it/);
    console_.type('6');
    const [, second = ''] = await console_.see(/verdict +confirmed[\s\S]*Type (\w{4}) and Enter to sign/);
    await console_.typeCode(second);
    await console_.see(/Recorded and durable: record 2/);
    // What was begun here is in the lists.
    console_.type('7');
    await console_.see(/open\W+[0-9a-f]{10}\W+phase3-follow-ups/);
    console_.type('6');
    await console_.see(/Phase 3 manual follow-ups[\s\S]*answered/);
    console_.type('h');
    await console_.see(/go on +Phase 3/);
  }, 120_000);

  it('shows a moving head, every screen, help and filter, follows a resize, and restores the terminal', async () => {
    const console_ = open(['demo']);
    const first = await console_.see(/head (\d+)[\s\S]*quorum . proven/);
    const height = Number(first[1]);
    await console_.see(new RegExp(`head (?!${height}\\b)\\d+`));
    expect(console_.alternate).toBe(true);
    await console_.see(/SIMULATED.*LIVE/);
    for (const [key, expected] of [
      ['2', /r630-04 +deployed/],
      ['3', /1000 +sim-besu-validator-1/],
      ['4', /thirdweb[\s\S]*4 of 4/],
      ['5', /6201 firefly-2[\s\S]*retired/],
      ['6', /begin +Phase 3 manual follow-ups/],
      ['7', /No session yet/],
      ['8', /Disaster recovery[\s\S]*planned/],
      ['L', /Log/],
      ['?', /type|typing the code/],
    ] as const) {
      console_.type(key);
      await console_.see(expected);
    }
    await console_.see(/seal the run/);
    console_.type('\u001b');
    await console_.see(/ago +level/);
    console_.type('3');
    await console_.see(/sim-besu-validator-1/);
    console_.type('/');
    await console_.see(/\/_/);
    console_.type('fabric\r');
    await console_.see(/filter fabric[\s\S]*/);
    await console_.see(/6000 +sim-fabric-1/);
    expect(await console_.screen()).not.toContain('validator');
    console_.type('\r');
    await console_.see(/placeholder CT only[\s\S]*Findings/);
    console_.resize(120, 40);
    await console_.see(/L Log/);
    console_.resize(1, 1);
    console_.resize(40, 10);
    await console_.see(/Too small: 40x10/);
    console_.resize(80, 24);
    await console_.see(/Findings/);
    console_.type('q');
    await console_.see(/Press q again/);
    console_.type('q');
    expect((await console_.ended()).code).toBe(0);
    expect(console_.alternate).toBe(false);
    const all = console_.raw.join('');
    expect(all.lastIndexOf('\u001b[?25h')).toBeGreaterThan(all.lastIndexOf('\u001b[?25l'));
  }, 120_000);

  it('works a runbook to the end through a SIGKILL, and what was signed verifies', async () => {
    const first = open(['demo'], { columns: 120, rows: 40 });
    await first.see(/head \d+/);
    first.type('6');
    await first.see(/begin/);
    first.type('\r');
    await sign(first);
    // What is typed before the prompt is there, or pasted, never confirms.
    await answer(first, true);
    await answer(first);
    await answer(first);
    const step = (await first.see(/(\d+) of \d+ steps answered/))[1];
    expect(step).toBe('3');
    first.kill('SIGKILL');
    await first.ended();

    const second = open(['demo'], { columns: 120, rows: 40 });
    await second.see(/head \d+/);
    second.type('6');
    await second.see(/go on/);
    second.type('\r');
    await sign(second);
    const of = Number((await second.see(/3 of (\d+) steps answered/))[1]);
    const evidence = join(home, '.local/state/c138/demo/evidence');
    const session = join(evidence, readdirSync(evidence)[0] ?? '');
    const trust = join(home, '.local/state/c138/demo/config/trust/trust.json');
    expect((await run(['evidence', 'verify', session, '--trust', trust])).code).toBe(10);
    for (let count = 3; count < of; count += 1) await answer(second);
    await second.see(/Every step is answered/);
    second.type('S');
    await sign(second);
    await second.see(/SEALED/);
    second.type('qq');
    expect((await second.ended()).code).toBe(0);

    const sealed = await run(['evidence', 'verify', session, '--trust', trust]);
    expect(sealed.code, sealed.out).toBe(0);
    expect(sealed.out).toContain('SIMULATED');
    expect((await run(['evidence', 'verify', session])).code).toBe(30);
    const journal = join(session, 'journal.jsonl');
    const good = readFileSync(journal);
    for (const at of [10, Math.floor(good.length / 2), good.length - 20]) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(journal, bad);
      expect((await run(['evidence', 'verify', session, '--trust', trust])).code).not.toBe(0);
    }
    writeFileSync(journal, good);
  }, 480_000);

  it('lets no escape sequence or bidi override from outside reach the terminal', async () => {
    const hostile = open(['demo', '--scenario', 'hostile-names'], { columns: 120, rows: 40 });
    await hostile.see(/head \d+/);
    for (const [key, screen] of [
      ['2', /\[2 Hosts\]/],
      ['3', /\[3 Guests\]/],
      ['4', /\[4 RPC tiers\]/],
      ['5', /\[5 Hyperledger\]/],
      ['8', /\[8 Program\]/],
      ['L', /\[L Log\]/],
      ['3', /\[3 Guests\]/],
      ['/', /\/_/],
      ['sentry-1\r', /1500 +sim-besu-sentry-1x[\s\S]*filter sentry-1 /],
      ['\r', /sim-besu-sentry-1x\\u\{1b\}[\s\S]*Findings/],
      ['q', /Press q again/],
    ] as const) {
      hostile.type(key);
      await hostile.see(screen);
    }
    hostile.type('q');
    await hostile.ended();
    const all = hostile.raw.join('');
    expect(all).not.toMatch(/\u001b\]52|[\u202a-\u202e\u2066-\u2069\u200b\u009b]|\u0007/);
    // The only clearing of the screen is Ink's own, at the start and the end.
    expect(all).not.toContain('\u001b[31m\\u');
  }, 120_000);

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'])(
    'restores the terminal when %s ends it',
    async (signal) => {
      const console_ = open(['demo']);
      await console_.see(/head \d+/);
      console_.kill(signal);
      await console_.ended();
      expect(console_.alternate).toBe(false);
    },
    120_000,
  );

  it('says what to do without a terminal, and without an estate', async () => {
    const none = await run([]);
    expect(none.code).toBe(2);
    expect((await run(['demo', '--scenario', 'nope'])).code).toBe(2);
  }, 120_000);
});

/** Signs what is being asked for, with the code on the screen. */
async function sign(terminal: Terminal): Promise<void> {
  const code = (await terminal.see(/Type (\w{4}) and Enter to sign/))[1] ?? '';
  await terminal.typeCode(code);
  await terminal.see(/Recorded and durable/);
}

/** Asks the probes where there are any, and gives the answer that is offered. */
async function answer(terminal: Terminal, hasty = false): Promise<void> {
  if (!/No probe can look/.test(await terminal.screen())) await terminal.probe();
  const confirm = /May be answered: confirmed/.test(await terminal.screen());
  terminal.type(confirm ? 'c' : 's');
  // A step whose command's output is not attached asks for words too.
  await terminal.see(/why\?|Type \w{4} and Enter to sign/);
  if (/why\?/.test(await terminal.screen())) {
    terminal.type('stopped, as documented');
    await terminal.see(/> stopped, as documented/);
    terminal.type('\r');
  }
  const code = (await terminal.see(/Type (\w{4}) and Enter to sign/))[1] ?? '';
  if (hasty) {
    terminal.type(`${code}\r`);
    await terminal.see(/typed before it is thrown away|by hand/);
    await new Promise((resolve) => setTimeout(resolve, 400));
    terminal.type(`\u001b[200~${code}\u001b[201~`);
    terminal.type(code);
    await terminal.see(/by hand/);
  }
  await terminal.typeCode(code);
  await terminal.see(/Recorded and durable/);
}
