import { execFile } from 'node:child_process';
import { join } from 'node:path';
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
});
