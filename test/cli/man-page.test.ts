import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { processIo } from '../../src/cli/io.ts';
import { buildProgram } from '../../src/cli/main.ts';
import { manPage } from '../../src/cli/man-page.ts';
import { TOOL } from '../../src/state/tool.ts';
import { COMMANDS } from '../../src/ui/commands/commands.ts';

const page = (): string =>
  manPage(
    buildProgram(processIo(), () => undefined),
    TOOL.version,
  );

describe('the man page', () => {
  it('tells every command of the shell and of the console', () => {
    const text = page().replaceAll('\\-', '-');
    for (const name of ['demo', 'evidence verify', 'trust roots', 'completion', 'doctor'])
      expect(text).toMatch(new RegExp(`^\\.SS ${name}\\b`, 'm'));
    for (const { does } of COMMANDS) expect(text).toContain(does);
    expect(text).toMatch(/Exit codes: 0 proven/);
  });

  it('holds no line that a formatter would take for an unknown request', async () => {
    expect(
      page()
        .split('\n')
        .filter((line) => /^[.']/.test(line))
        .map((line) => line.split(' ')[0]),
    ).toEqual(expect.arrayContaining(['.TH', '.SH', '.SS', '.TP', '.B']));
    for (const line of page()
      .split('\n')
      .filter((one) => /^[.']/.test(one)))
      expect(line).toMatch(/^\.(\\"|TH|SH|SS|TP|PP|B|BR|br)( |$)/);
    // Where there is a formatter it has nothing to say against the page.
    const warnings = await new Promise<string>((resolve) => {
      const child = execFile('groff', ['-man', '-Tascii', '-ww'], (error, _out, err) =>
        resolve(error?.code === 'ENOENT' ? '' : err),
      );
      child.stdin?.on('error', () => undefined).end(page());
    });
    expect(warnings).toBe('');
  });
});
