import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { sha256Hex } from '../../../src/evidence/record/canonical.ts';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import { printCount } from '../../counted.ts';
import { runsAt, sign, trustFor } from '../../state/runs-at.ts';
import { trustBody, trustBytes } from '../make.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'c138-resume-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => {
  vi.doUnmock('../../../src/state/tool.ts');
  vi.resetModules();
});

const RUNBOOK = (title: string, version: string): string => `v: 1
id: own-check
version: ${version}
title: ${title}
origin: operator
references: []
roles: [performer]
steps:
  - id: look
    title: ${title}
    mode: read-do
    instructions: Look at it.
    expected: It is there.
    verdicts: [confirmed, failed]
`;

function homeWith(name: string, text: string): string {
  const home = join(root, name);
  mkdirSync(join(home, 'config', 'runbooks'), { recursive: true });
  writeFileSync(join(home, 'config', 'runbooks', 'own-check.yaml'), text);
  return home;
}

const folderIn = (evidenceDir: string): string => join(evidenceDir, readdirSync(evidenceDir)[0] ?? '');
const lastOf = (dir: string) =>
  JSON.parse(readFileSync(join(dir, 'journal.jsonl'), 'utf8').trimEnd().split('\n').at(-1) ?? '').body;

describe('D9: going on when something has changed meanwhile', () => {
  printCount('D9', 'ways of going on');
  test('the runbook: refused, until the operator accepts it with a reason that the record keeps', async () => {
    const home = homeWith('runbook', RUNBOOK('Look', '1.0.0'));
    const first = await runsAt(home);
    const opened = await first.runs.openRun('own-check');
    await sign(first.runs, { kind: 'begin', session: opened.session });
    await first.runs.close();
    writeFileSync(join(home, 'config', 'runbooks', 'own-check.yaml'), RUNBOOK('Look elsewhere', '1.1.0'));

    const again = await runsAt(home, { trust: first.trust });
    const view = await again.runs.resumeRun(opened.session);
    expect(view.changed).toMatch(/1\.1\.0|another|differs|changed/);
    await expect(sign(again.runs, { kind: 'begin', session: opened.session })).rejects.toThrow(
      /wants a reason/,
    );
    await sign(again.runs, { kind: 'begin', session: opened.session, note: 'the old text still holds' });
    const dir = folderIn(again.evidenceDir);
    expect(lastOf(dir).resume.note).toMatch(/Accepted: the old text still holds/);
    // The session goes on with the text that it began with.
    expect((await again.runs.resumeRun(opened.session)).runbook.title).toBe('Look');
    await again.runs.close();
    expect((await verifySession(dir, { trust: first.trust })).exitCode).toBe(10);
  });

  test('the same version with another text is refused outright', async () => {
    const home = homeWith('same', RUNBOOK('Look', '1.0.0'));
    const first = await runsAt(home);
    const opened = await first.runs.openRun('own-check');
    await sign(first.runs, { kind: 'begin', session: opened.session });
    await first.runs.close();
    writeFileSync(join(home, 'config', 'runbooks', 'own-check.yaml'), RUNBOOK('Look elsewhere', '1.0.0'));
    const again = await runsAt(home, { trust: first.trust });
    await expect(again.runs.openRun('own-check')).rejects.toThrow(/version/);
    await again.runs.close();
  });

  test('the trust store: named by the record, kept beside the journal, and verified under', async () => {
    const home = homeWith('trust', RUNBOOK('Look', '1.0.0'));
    const first = await runsAt(home);
    const opened = await first.runs.openRun('own-check');
    await sign(first.runs, { kind: 'begin', session: opened.session });
    await first.runs.close();

    const old = JSON.parse(Buffer.from(await trustFor('demo:test')).toString('utf8')).body;
    const { estate, keys, expires } = old;
    const newer = await trustBytes(
      trustBody({ estate, keys, expires, version: 2, prev_sha256: sha256Hex(first.trust) }),
    );
    const again = await runsAt(home, { trust: newer });
    await again.runs.resumeRun(opened.session);
    await sign(again.runs, { kind: 'begin', session: opened.session });
    const dir = folderIn(again.evidenceDir);
    expect(lastOf(dir).resume.trust_sha256).toBe(sha256Hex(newer));
    expect(readdirSync(dir)).toContain(`trust-${sha256Hex(newer).slice(2)}.json`);
    await again.runs.close();
    expect((await verifySession(dir, { trust: newer })).exitCode).toBe(10);
    // Without the file that the record names it is no whole evidence.
    rmSync(join(dir, `trust-${sha256Hex(newer).slice(2)}.json`));
    expect((await verifySession(dir, { trust: newer })).exitCode).toBe(31);
  });

  test('the program: every record names the version that made it', async () => {
    const home = homeWith('program', RUNBOOK('Look', '1.0.0'));
    const first = await runsAt(home);
    const opened = await first.runs.openRun('own-check');
    await sign(first.runs, { kind: 'begin', session: opened.session });
    await first.runs.close();

    vi.resetModules();
    vi.doMock('../../../src/state/tool.ts', async (original) => ({
      ...(await original<typeof import('../../../src/state/tool.ts')>()),
      TOOL: { name: 'c138', version: '99.0.0' },
    }));
    const other = await import('../../state/runs-at.ts');
    const again = await other.runsAt(home, { trust: first.trust });
    await again.runs.resumeRun(opened.session);
    await other.sign(again.runs, { kind: 'begin', session: opened.session });
    await again.runs.close();
    const dir = folderIn(again.evidenceDir);
    const versions = readFileSync(join(dir, 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).body.tool.version);
    expect(versions.at(-1)).toBe('99.0.0');
    expect(versions[0]).not.toBe('99.0.0');
    expect((await verifySession(dir, { trust: first.trust })).exitCode).toBe(10);
  });
});
