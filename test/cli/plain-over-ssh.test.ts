import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOGIN, SSHD, SshdFolder } from '../probes/sshd.ts';
import { bin, PlainConsole } from './plain-driver.ts';
import { run } from './run.ts';

const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';
if (SSHD === undefined && !required)
  console.warn('skipped: there is no OpenSSH server here (apt-get install openssh-server)');

/** The wire between a laptop and the host. It can be cut: both ends see a reset and nothing more. */
class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

let home = '';
let folder: SshdFolder;
let link: Link;
let open: PlainConsole | null = null;

describe.skipIf(SSHD === undefined && !required)('a window in line mode over a real SSH session', () => {
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'c138-far-'));
    folder = new SshdFolder();
    folder.key('host');
    folder.key('user');
    link = new Link((await folder.start('host', ['user'])).port);
    await link.open();
  });
  afterAll(async () => {
    await open?.kill().catch(() => undefined);
    link.close();
    folder.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** c138 on the far side, in line mode, without a terminal of its own. */
  function logIn(): PlainConsole {
    const options = [
      'BatchMode=yes',
      'StrictHostKeyChecking=accept-new',
      `UserKnownHostsFile=${folder.file('known')}`,
      'IdentitiesOnly=yes',
      'ServerAliveInterval=2',
    ].flatMap((one) => ['-o', one]);
    const far = ['env', `HOME=${home}`, process.execPath, bin, 'demo', '--plain'];
    return new PlainConsole([], home, [
      'ssh',
      '-T',
      ...options,
      '-F',
      'none',
      '-i',
      folder.file('user'),
      '-p',
      String(link.port),
      `${LOGIN}@127.0.0.1`,
      ...far,
    ]);
  }

  const evidence = (): string => join(home, '.local/state/c138/demo/evidence');
  const session = (): string => join(evidence(), readdirSync(evidence())[0] ?? '');
  const confirmed = (): readonly string[] =>
    readFileSync(join(session(), 'journal.jsonl'), 'utf8')
      .split('\n')
      .flatMap((line) => /"kind":"confirm".*?"step":\{[^}]*?"id":"([^"]+)"/.exec(line)?.[1] ?? []);

  /** Logs in again and takes the session up; its lock goes with the program that the cut link ended. */
  async function again(): Promise<number> {
    open = logIn();
    await open.until(/c138> /);
    const id = session().split('-').at(-1) ?? '';
    let code = '';
    while (code === '') {
      open.say(`resume ${id}`);
      const said = await open.until(/Type (\w{4}) to sign|has this session open/);
      code = said[1] ?? '';
      await new Promise((done) => setTimeout(done, 900));
    }
    await open.ask(code, /Recorded and durable/);
    const [, at = '0'] = await open.ask('step', /-- step (\d+) of \d+[\s\S]*c138> $/);
    return Number(at);
  }

  it('is worked to the seal although the link is cut twice; nothing is lost, nothing signed twice', async () => {
    open = logIn();
    await open.until(/c138> /);
    open.say('run phase3-follow-ups');
    await open.sign();
    for (let step = 0; step < 3; step += 1) await open.answerStep();

    // Cut while a code is on the screen: nothing was signed.
    await open.ask('probe', /-- step 4[\s\S]*?May be answered/);
    await open.ask('confirm', /Type \w{4} to sign/);
    link.cut();
    await open.gone();
    expect(confirmed()).toHaveLength(3);
    expect(await again()).toBe(4);

    // Cut the moment the code is sent: the record is there or it is not, and the far side says which.
    await open.ask('probe', /-- step 4[\s\S]*?May be answered/);
    open.say('confirm');
    const [, code = ''] = await open.until(/Type (\w{4}) to sign/);
    await new Promise((done) => setTimeout(done, 900));
    open.say(code);
    await new Promise((done) => setTimeout(done, 20));
    link.cut();
    await open.gone();
    const at = await again();
    expect(at).toBe(confirmed().length + 1);
    expect([4, 5]).toContain(at);

    const [, , of = '0'] = /-- step (\d+) of (\d+)/.exec(open.printed) ?? [];
    for (let step = at; step <= Number(of); step += 1) await open.answerStep();
    open.say('seal');
    await open.sign();
    expect(open.printed).not.toMatch(/\u001b/);
    expect(await open.quit()).toBe(0);
    open = null;

    const trust = join(home, '.local/state/c138/demo/config/trust/trust.json');
    const verified = await run(['evidence', 'verify', session(), '--trust', trust, '--json']);
    expect(verified.code, verified.out).toBe(0);
    expect(new Set(confirmed()).size).toBe(confirmed().length);
    expect(confirmed()).toHaveLength(Number(of));
  }, 480_000);
});
