import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { offlineSnapshot } from './offline-snapshot.ts';
import { C138, Terminal } from './terminal.ts';

let home = '';
let snapshot = '';
let terminal: Terminal | null = null;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-out-'));
  snapshot = await offlineSnapshot(home, 5);
});
afterEach(() => {
  if (terminal?.exit === null) terminal.kill('SIGKILL');
});
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

/** Starts c138 from a shell, which tells afterwards how it ended and how the terminal is set. */
function shell(args: readonly string[], env: Readonly<Record<string, string>>): Terminal {
  const script = 'stty -a >"$HOME/before"; "$0" "$@"; echo "code $?"; stty -a >"$HOME/after"; echo done';
  terminal = new Terminal(['--norc', '-c', script, process.execPath, C138, ...args], {
    home,
    env,
    program: 'bash',
  });
  return terminal;
}

/** On a snapshot, with its first screen shown. */
async function fromShell(env: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  terminal = shell(['--offline', snapshot], env);
  await terminal.see(/OFFLINE[\s\S]*Overview/);
  return terminal;
}

async function restored(one: Terminal): Promise<void> {
  expect(one.alternate).toBe(false);
  expect(one.modes).toEqual({ wrap: true, paste: false, cursorHidden: false });
  const { readFileSync } = await import('node:fs');
  expect(readFileSync(join(home, 'after'), 'utf8')).toBe(readFileSync(join(home, 'before'), 'utf8'));
}

/** The process id of the console itself, whoever started it. */
async function consolePid(): Promise<number> {
  const out = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' });
  const shell = terminal?.pid ?? 0;
  const all = out
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => /^\s*(\d+)\s+(\d+)\s/.exec(line))
    .flatMap((match) => (match === null ? [] : [[Number(match[1]), Number(match[2])] as const]));
  let pid = shell;
  for (let next: number | undefined = shell; next !== undefined; ) {
    pid = next;
    next = all.find(([, parent]) => parent === pid)?.[0];
  }
  return pid;
}

describe('every way out restores the terminal', () => {
  it.each([
    ['q twice', (one: Terminal) => one.type('qq'), /code 0\b/],
    ['Ctrl-C', (one: Terminal) => one.type('\u0003'), /code 0\b/],
  ] as const)(
    '%s',
    async (_name, leave, code) => {
      const one = await fromShell();
      leave(one);
      await one.see(code);
      await one.see(/done/);
      await restored(one);
    },
    120_000,
  );

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const)(
    '%s, told afterwards',
    async (signal, code) => {
      const one = await fromShell();
      process.kill(await consolePid(), signal);
      // The shell itself would end of SIGINT, as it should.
      if (signal !== 'SIGINT')
        await one.see(new RegExp(`ended by ${signal}[\\s\\S]*code ${code}[\\s\\S]*done`));
      else await one.see(/ended by SIGINT/);
      if (signal !== 'SIGINT') await restored(one);
      else expect(one.alternate).toBe(false);
    },
    120_000,
  );

  it('q twice while a file system does not answer, told afterwards', async () => {
    // Opening a pipe that nobody writes to waits for ever, as a file does on a mount whose server is gone.
    const trust = join(home, 'stuck', 'trust');
    mkdirSync(trust, { recursive: true });
    execFileSync('mkfifo', [join(trust, 'trust.json')]);
    const estate = join(home, 'stuck', 'estate.yaml');
    writeFileSync(
      estate,
      'v: 1\nid: stuck\nname: Stuck\nchain: { id: 138, network_id: 138 }\ncluster: h\nhosts: []\nendpoints: []\n',
    );
    const one = shell(['--config', estate], { C138_CONFIG_DIR: join(home, 'stuck') });
    await one.see(/LIVE[\s\S]*Overview/);
    one.type('qq');
    await one.see(/a file system does not answer[\s\S]*code 137[\s\S]*done/);
    await restored(one);
  }, 120_000);

  it('an exception, with a message and no stack', async () => {
    const bomb = join(home, 'bomb.mjs');
    writeFileSync(
      bomb,
      "import { isMainThread } from 'node:worker_threads';\nif (isMainThread) setTimeout(() => { throw new Error('bomb for the test'); }, 4000).unref();\n",
    );
    const one = await fromShell({ NODE_OPTIONS: `--import ${bomb}` });
    await one.see(/bomb for the test[\s\S]*code 2[\s\S]*done/);
    expect(await one.screen()).not.toMatch(/at .*:\d+:\d+/);
    await restored(one);
  }, 120_000);
});

it.each([
  ['a snapshot that can not be read', ['--offline', 'no-such-folder'], /no-such-folder/],
  ['a bad estate file', ['--config', 'bad.yaml'], /bad\.yaml:1:1: .*required property/],
] as const)('%s: the terminal is restored, then the reason', async (_name, [flag, file], reason) => {
  writeFileSync(join(home, 'bad.yaml'), 'v: 1\n');
  terminal = new Terminal([flag, join(home, file)], { home, columns: 200 });
  expect((await terminal.ended()).code).toBe(2);
  const raw = terminal.raw.join('');
  expect(raw.slice(Math.max(0, raw.lastIndexOf('\u001b[?1049l')))).toMatch(reason);
  expect(raw).not.toMatch(/\bat .*\.(?:mjs|ts):\d/);
  expect(terminal.alternate).toBe(false);
  expect(terminal.modes).toEqual({ wrap: true, paste: false, cursorHidden: false });
});

it('Ctrl-Z gives the terminal back to the shell, and fg brings everything back as it was', async () => {
  terminal = new Terminal(['--norc', '-i'], { home, program: 'bash', env: { PS1: 'shell> ' } });
  const one = terminal;
  await one.see(/shell> /);
  one.type(`"${process.execPath}" "${C138}" --offline "${snapshot}"\r`);
  await one.see(/OFFLINE[\s\S]*Overview/);
  one.type('3');
  await one.see(/VMID +name/);
  const before = await one.grid();
  one.type('\u001a');
  await one.see(/Stopped[\s\S]*shell> \s*$/);
  expect(one.alternate).toBe(false);
  expect(one.modes).toMatchObject({ wrap: true, cursorHidden: false });
  one.type('fg\r');
  await one.see(/VMID +name/);
  await one.quiet();
  expect(await one.grid()).toEqual(before);
  one.type('j');
  const [drawn, anew] = await one.bothWays();
  expect(drawn).toEqual(anew);
  one.type('\u0003');
  await one.see(/fg[\s\S]*shell> \s*$/);
  expect(one.modes.cursorHidden).toBe(false);
}, 120_000);

it('a terminal that takes nothing stops neither probes nor evidence, and shows the truth afterwards', async () => {
  terminal = new Terminal(['demo'], { home, columns: 120, rows: 40 });
  const one = terminal;
  const head = Number((await one.see(/head (\d+)[\s\S]*quorum . proven/))[1]);
  one.type('6');
  await one.see(/begin +Phase 3/);
  one.type('\r');
  const code = (await one.see(/Type (\w{4}) and Enter to sign/))[1] ?? '';
  await one.typeCode(code);
  await one.see(/Recorded and durable/);
  const { readdirSync } = await import('node:fs');
  const evidence = join(home, '.local/state/c138/demo/evidence');
  const [session = ''] = readdirSync(evidence).filter((name) => name !== 'requests');
  const journal = join(evidence, session, 'journal.jsonl');
  const size = statSync(journal).size;
  one.stall();
  // The line fills up; whatever does not fit waits with the program.
  for (let count = 0; count < 60; count += 1) one.type(count % 2 === 0 ? '\u001b[200~x\u001b[201~' : '\f');
  await new Promise((resolve) => setTimeout(resolve, 500));
  one.type('p');
  const seconds = process.env.C138_TERMINAL === 'long' ? 60 : 8;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  // On a slow machine the probes take longer; that the terminal takes nothing is not what they wait for.
  for (let waited = 0; statSync(journal).size === size && waited < 60_000; waited += 200)
    await new Promise((resolve) => setTimeout(resolve, 200));
  expect(statSync(journal).size).toBeGreaterThan(size);
  one.resume();
  await one.see(/Probes (show|do NOT show|could not look)/);
  one.type('1');
  // The chain went on meanwhile; where it is simulated on a busy machine it may do so slowly.
  let after = 0;
  for (const end = Date.now() + 60_000; after < head + Math.floor(seconds / 3) && Date.now() < end; )
    after = Number((await one.see(/head (\d+)/))[1]);
  expect(after).toBeGreaterThanOrEqual(head + Math.floor(seconds / 3));
  await one.see(/newest answer (now|5s)/);
  one.type('\u0003');
  expect((await one.ended()).code).toBe(0);
}, 180_000);
