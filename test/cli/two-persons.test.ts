import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, inTerminal, newKey } from './in-terminal.ts';
import { run } from './run.ts';

/** Homes of people who never share more than files: each has their own key, passphrase and folders. */
let root = '';
const PASSPHRASE = 'correct horse battery';
const RUNBOOK = 'lost-passphrase';

const homeOf = (who: string): string => join(root, who);
const envOf = (who: string) => ({
  HOME: homeOf(who),
  C138_CONFIG_DIR: join(homeOf(who), 'config'),
  C138_STATE_DIR: join(homeOf(who), 'state'),
});
const trustFile = (who: string): string => join(homeOf(who), 'config', 'trust', 'trust.json');
const cli = (who: string, ...argv: string[]) => run(argv, envOf(who));
const sessions = (who: string): readonly string[] => {
  const folder = join(homeOf(who), 'state', 'evidence');
  return readdirSync(folder)
    .filter((name) => name !== 'requests')
    .sort()
    .map((name) => join(folder, name));
};

const passphrase: Answer = [/Passphrase for .*: $/, PASSPHRASE];
const signerCode: Answer = [/Type (\w{4}) to sign: $/, (match) => match[1] ?? ''];
const code: Answer = [/Type (\w{4}) to sign, or an empty line to cancel\.\r?\n/, (match) => match[1] ?? ''];
const say = (text: string): Answer => [/c138> $/, text];

async function keyOf(who: string): Promise<string> {
  mkdirSync(join(homeOf(who), 'config'), { recursive: true });
  writeFileSync(
    join(homeOf(who), 'config', 'estate.yaml'),
    'v: 1\nid: two-homes\nname: y\nchain: {id: 138}\n',
  );
  return newKey(PASSPHRASE, envOf(who));
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'c138-homes-'));
  await keyOf('anna');
  const others = { bert: await keyOf('bert'), annas2: await keyOf('annas2') };
  const person = (id: string, name: string, role: string) => ['--person', id, '--name', name, '--role', role];
  const init = await inTerminal(
    ['trust', 'init', ...person('anna', 'Anna', 'performer,witness')],
    [passphrase, signerCode],
    envOf('anna'),
  );
  expect(init.code, init.screen).toBe(0);
  for (const args of [
    [...person('bert', 'Bert', 'witness,approver'), '--address', others.bert],
    [...person('anna', 'Anna', 'witness'), '--address', others.annas2],
  ]) {
    const added = await inTerminal(['trust', 'add', ...args], [passphrase, signerCode], envOf('anna'));
    expect(added.code, added.screen).toBe(0);
  }
  for (const who of ['bert', 'annas2']) {
    mkdirSync(join(homeOf(who), 'config', 'trust'), { recursive: true });
    cpSync(trustFile('anna'), trustFile(who));
  }
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Which steps of the runbook are critical: the signer itself asks for code and passphrase. */
const CRITICAL = [true, false, true, false, false];
const answers = (from: number, to: number): Answer[] =>
  CRITICAL.slice(from, to).flatMap((critical) => [
    say('confirm seen and said'),
    ...(critical ? [signerCode, passphrase] : [code]),
  ]);

/** Anna works the runbook in line mode; the script says what is typed after the beginning is signed. */
async function work(...script: Answer[]): Promise<string> {
  const before = sessionsOrNone();
  const ran = await inTerminal(
    ['runbook', 'run', RUNBOOK, '--plain'],
    [passphrase, code, ...script, say('quit')],
    envOf('anna'),
  );
  expect(ran.code, ran.screen).toBe(0);
  const made = sessions('anna').filter((one) => !before.includes(one));
  expect(made).toHaveLength(1);
  return made[0] ?? '';
}

function sessionsOrNone(): readonly string[] {
  try {
    return sessions('anna');
  } catch {
    return [];
  }
}

const verify = (who: string, session: string) =>
  cli(who, 'evidence', 'verify', session, '--trust', trustFile(who), '--json');

describe('two persons, and only files between them', () => {
  it('without the witness the policy is not met', async () => {
    const session = await work(...answers(0, 5), say('seal'), code);
    const verified = await verify('bert', session);
    expect(verified.code, verified.out).toBe(11);
    expect(verified.out).toMatch(/needs a witness who is another person/);
  }, 120_000);

  it('a witness on another machine signs what he is shown, by file and by paste; nobody witnesses themselves', async () => {
    const session = await work(...answers(0, 1), say('witness'), ...answers(1, 3));
    const [requests = ''] = [join(homeOf('anna'), 'state', 'evidence', 'requests')];
    const [name = ''] = readdirSync(requests);
    const request = join(homeOf('bert'), 'request.json');
    cpSync(join(requests, name), request);

    // Anna herself, with her key and with her second one.
    for (const who of ['anna', 'annas2']) {
      const self = await inTerminal(
        ['evidence', 'witness', 'sign', join(requests, name), '--out', join(homeOf(who), 'self.json')],
        [passphrase],
        envOf(who),
      );
      expect(self.code, self.screen).toBe(2);
      expect(self.screen).toMatch(/another person must sign/);
    }

    const signed = await inTerminal(
      ['evidence', 'witness', 'sign', request, '--out', join(homeOf('bert'), 'answer.json'), '--paste'],
      [passphrase, signerCode],
      envOf('bert'),
    );
    expect(signed.code, signed.screen).toBe(0);
    expect(signed.screen).toMatch(/that you witnessed/);
    expect(signed.screen).toMatch(/Lost, or possibly taken by somebody/);
    const spoken = /both sides must see (\w{4}-\w{4})/.exec(signed.screen)?.[1] ?? 'none';
    expect(signed.screen).toContain(`compare aloud with the other side: ${spoken}`);

    // A changed answer, and a request that was changed on its way.
    const answer = readFileSync(join(homeOf('bert'), 'answer.json'), 'utf8');
    const changed = join(homeOf('anna'), 'changed.json');
    writeFileSync(changed, answer.replace('"meaning":"witnessed"', '"meaning":"approved"'));
    const refused = await cli('anna', 'evidence', 'witness', 'take', session, changed);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/signature in the answer does not hold/);
    writeFileSync(
      request,
      readFileSync(request, 'utf8').replace('"verdict\\":\\"confirmed', '"verdict\\":\\"failed'),
    );
    const lied = await inTerminal(['evidence', 'witness', 'sign', request], [], envOf('bert'));
    expect(lied.screen).toMatch(/not the one that it names/);
    expect(lied.code).toBe(2);

    // The answer as a piece of text, taken in by the program while no console has the session open.
    const paste = /c138:[A-Za-z0-9_-]+:[0-9a-f]{8}/.exec(signed.screen.replaceAll(/\r?\n/g, ''))?.[0] ?? '';
    const taken = await cli('anna', 'evidence', 'witness', 'take', session, paste);
    expect(taken.code, taken.err).toBe(0);
    expect(taken.err).toMatch(/Bert witnessed record 1/);
    const twice = await cli('anna', 'evidence', 'witness', 'take', session, paste);
    expect(twice.err).toMatch(/witnessed this record already/);

    // The second step that wants a witness, asked for and taken in within the console.
    const asked = await cli(
      'anna',
      'evidence',
      'witness',
      'ask',
      session,
      '--out',
      join(homeOf('bert'), 'second.json'),
    );
    expect(asked.code, asked.err).toBe(0);
    // A request says what the signature is to mean; here as for a step that asks for an approval.
    const wanted = join(homeOf('bert'), 'second.json');
    writeFileSync(wanted, readFileSync(wanted, 'utf8').replace(',"ref":', ',"meaning":"approved","ref":'));
    const second = await inTerminal(
      ['evidence', 'witness', 'sign', 'second.json', '--out', 'second-answer.json'],
      [passphrase, signerCode],
      envOf('bert'),
    );
    expect(second.code, second.screen).toBe(0);
    expect(second.screen).toMatch(/that you approved/);
    const id =
      /"session":"(0x[0-9a-f]{12})/.exec(readFileSync(join(session, 'journal.jsonl'), 'utf8'))?.[1] ?? '';
    const ended = await inTerminal(
      ['--plain'],
      [
        say(`resume ${id}`),
        passphrase,
        code,
        say(`take ${join(homeOf('bert'), 'second-answer.json')}`),
        ...answers(3, 5),
        say('seal'),
        code,
        say('quit'),
      ],
      envOf('anna'),
    );
    expect(ended.code, ended.screen).toBe(0);
    expect(ended.screen).toMatch(/Taken in and durable/);

    const verified = await verify('bert', session);
    expect(verified.code, verified.out).toBe(0);
    // The opening names the session that was sealed before it on this machine.
    const linked = await cli('anna', 'evidence', 'sessions', join(homeOf('anna'), 'state', 'evidence'));
    expect([linked.code, linked.out.match(/follows 0x/g)?.length], linked.out).toEqual([0, 1]);
    // One machine stands in for both here, and the evidence says so: not the level of two machines.
    expect(JSON.parse(verified.out)).toMatchObject({ assurance: 'L1' });
    expect(verified.out).toMatch(/signed on the machine of the performer, so this counts as level L1/);

    // Bert countersigns his own copy of the sealed session; the file goes back beside the journal.
    const copy = join(homeOf('bert'), 'copy');
    cpSync(session, copy, { recursive: true, verbatimSymlinks: true });
    const counter = await inTerminal(
      ['evidence', 'countersign', copy],
      [passphrase, signerCode],
      envOf('bert'),
    );
    expect(counter.code, counter.screen).toBe(0);
    const [file = ''] = readdirSync(copy).filter((one) => one.startsWith('countersign-'));
    cpSync(join(copy, file), join(session, file));
    expect((await verify('anna', session)).code).toBe(0);
    const bytes = readFileSync(join(session, file), 'utf8');
    writeFileSync(join(session, file), bytes.replace('"reviewed"', '"approved"'));
    expect((await verify('anna', session)).code).toBe(20);
  }, 240_000);

  it('a second root, a revoked key, and an old trust store that nobody can bring back', async () => {
    const old = readFileSync(trustFile('bert'));
    const [session = ''] = sessions('anna');
    expect((await verify('bert', session)).code).toBe(11);
    const bert = /"address":"(0x[0-9a-f]{40})","not_after":"[^"]*","not_before":"[^"]*","person":"bert"/.exec(
      readFileSync(trustFile('anna'), 'utf8'),
    )?.[1];
    const roots = await inTerminal(
      ['trust', 'roots', '--add', bert ?? '', '--threshold', '2'],
      [passphrase, signerCode],
      envOf('anna'),
    );
    expect(roots.screen).toMatch(/not in force yet: 1 of 2 roots of the new version have signed/);
    const proposal = join(homeOf('anna'), 'config', 'trust', 'trust-v4.proposal.json');

    const signed = await inTerminal(['trust', 'sign', proposal], [passphrase, signerCode], envOf('bert'));
    expect(signed.code, signed.screen).toBe(0);
    expect(signed.screen).toMatch(/version 4 of the trust store is in force/);
    const unsigned = await cli('anna', 'trust', 'update', proposal);
    expect(unsigned.code).toBe(2);
    const taken = await cli('anna', 'trust', 'update', trustFile('bert'));
    expect(taken.code, taken.err).toBe(0);

    const second = /(0x[0-9a-f]{40}) {2}Anna \(anna\), witness/.exec(
      (await cli('anna', 'trust', 'show')).out,
    )?.[1];
    const revoke = ['trust', 'revoke', '--address', second ?? '', '--reason', 'the second key was lost'];
    const alone = await inTerminal(revoke, [passphrase, signerCode], envOf('anna'));
    expect(alone.screen).toMatch(/1 of 2 roots of the version in force/);
    const both = await inTerminal(
      ['trust', 'sign', join(homeOf('anna'), 'config', 'trust', 'trust-v5.proposal.json')],
      [passphrase, signerCode],
      envOf('bert'),
    );
    expect(both.screen).toMatch(/version 5 of the trust store is in force/);
    expect((await cli('bert', 'trust', 'show')).out).toMatch(/REVOKED since/);

    // Sessions made before still verify under the new version; the old version itself is refused from now on.
    expect((await verify('bert', session)).code).toBe(11);
    const rolledBack = join(homeOf('bert'), 'old.json');
    writeFileSync(rolledBack, old);
    const refused = await cli('bert', 'evidence', 'verify', session, '--trust', rolledBack);
    expect(refused.code).toBe(31);
    expect(refused.err).toMatch(/version 5 was in use here/);
    expect((await cli('bert', 'trust', 'update', rolledBack)).err).toMatch(/nothing older is taken/);

    // A third machine begins with the root it was told, and with no other.
    mkdirSync(homeOf('carl'));
    const stranger = await cli(
      'carl',
      'trust',
      'update',
      trustFile('bert'),
      '--root',
      `0x${'11'.repeat(20)}`,
    );
    expect(stranger.err).toMatch(/did not sign/);
    const pinned = await cli('carl', 'trust', 'update', trustFile('bert'), '--root', bert ?? '');
    expect(pinned.code, pinned.err).toBe(0);
  }, 120_000);
});
