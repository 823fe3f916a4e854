import { execFile, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const words = async (...line: readonly string[]): Promise<readonly string[]> => {
  const { code, out } = await run(['completion', 'words', '--', ...line]);
  expect(code).toBe(0);
  return out
    .trimEnd()
    .split('\n')
    .map((one) => one.split('\t')[0] ?? '');
};

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/c138');

function missing(shell: string): boolean {
  if (process.env.C138_REQUIRE_SYSTEM_TOOLS === '1' || spawnSync(shell, ['--version']).status === 0)
    return false;
  console.warn(`skipped: there is no ${shell} here (apt-get install ${shell})`);
  return true;
}

/** What a shell prints that finds c138, and the Node.js of these tests, on its path. */
function inShell(shell: string, args: readonly string[]): string {
  const path = [join(ROOT, 'bin'), dirname(process.execPath), process.env.PATH].join(':');
  const ran = spawnSync(shell, args, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: path, HOME: tmpdir(), TERM: 'xterm', LC_ALL: 'C.UTF-8' },
  });
  expect(ran.stderr).toBe('');
  return ran.stdout;
}

describe('completion', () => {
  it.each([
    [['di'], ['discover']],
    [['evidence', 'w'], ['witness']],
    [
      ['evidence', 'witness', ''],
      ['ask', 'sign', 'take'],
    ],
    [['demo', '--sc'], ['--scenario']],
    [['demo', '--scenario', 'fo'], ['fork']],
    [['--config', 'x', 'doc'], ['doctor']],
    [
      ['screen', 'h'],
      ['hosts', 'hyperledger'],
    ],
    [
      ['screen', 'hosts', '--format', ''],
      ['text', 'json', 'csv', 'md'],
    ],
    [
      ['runbook', 'run', 'besu-'],
      ['besu-stall', 'besu-upgrade'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    // A file: the shell knows better.
    [['evidence', 'verify', ''], ['']],
    [['screen', 'hosts', '--offline', ''], ['']],
  ])('%j', async (line, expected) => {
    expect(await words(...line)).toEqual(expected);
  });

  it('says what an option is, and refuses a shell that it does not know', async () => {
    expect((await run(['completion', 'words', '--', 'doctor', '--j'])).out).toBe(
      '--json\tmachine-readable output\n',
    );
    const refused = await run(['completion', 'csh']);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/bash, zsh, fish/);
  });

  it('works in a real bash', async () => {
    const bin = join(import.meta.dirname, '../../bin/c138');
    const script = `source <("$0" "${bin}" completion bash); c138() { "$0" "${bin}" "$@"; }
      COMP_WORDS=(c138 trust r); COMP_CWORD=2; _c138; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = await new Promise<string>((resolve, reject) => {
      execFile('bash', ['--norc', '-c', script, process.execPath], (error, text, err) =>
        error === null ? resolve(text) : reject(new Error(err)),
      );
    });
    expect(out.trim().split('\n')).toEqual(['revoke', 'roots']);
  });

  it.skipIf(missing('fish'))('works in a real fish, which completes files where c138 has no word', () => {
    const script = `${BIN} completion fish | source
      complete -C "c138 trust r"; echo and; complete -C "c138 evidence verify ${join(ROOT, 'READ')}"`;
    const lines = inShell('fish', ['-N', '-c', script]).trim().split('\n');
    expect(lines.map((line) => line.split('\t')[0])).toEqual([
      'revoke',
      'roots',
      'and',
      join(ROOT, 'README.md'),
    ]);
  });

  it.skipIf(missing('zsh'))('works in a real zsh', () => {
    const script = `zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z "autoload -U compinit; compinit -u -D; source <(${BIN} completion zsh); LISTMAX=1000; print rea''dy"
      zpty -r z text '*ready*'
      zpty -w -n z $'c138 trust r\\t'
      zpty -r z text '*revoke*roots*--*'
      print -r -- $text`;
    expect(inShell('zsh', ['-f', '-c', script])).toMatch(/revoke +--[\s\S]*roots +--/);
  });
});
