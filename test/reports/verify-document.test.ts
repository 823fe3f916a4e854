import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERDICT_TEXT, type VerifyExit, type VerifyReport } from '../../src/evidence/verify/verify-report.ts';
import { verifyDocument } from '../../src/reports/verify-document.ts';
import { run } from '../cli/run.ts';
import type { Made } from '../evidence/make.ts';
import { everyKind } from '../evidence/suites/every-kind.ts';

const by = { tool: 'c138 0.1.0', at: '2026-01-01T00:00:00.000Z', journalSha256: `0x${'12'.repeat(32)}` };
const reportOf = (more: Partial<VerifyReport> = {}): VerifyReport => ({
  format: 'c138-verify',
  v: 1,
  exitCode: 0,
  verdict: VERDICT_TEXT[0],
  assurance: 'L1',
  path: '/somewhere',
  session: `0x${'ab'.repeat(32)}`,
  estateId: 'real',
  runbook: { id: 'r', version: '1.0.0' },
  openedAt: '2026-01-01T00:00:00.000Z',
  sealedAt: '2026-01-01T01:00:00.000Z',
  records: 3,
  prevSeal: null,
  chainTime: { notBefore: null, notAfter: null },
  signers: [],
  openItems: [],
  findings: [],
  ...more,
});

describe('the result of a verification as a document', () => {
  it.each(Object.keys(VERDICT_TEXT).map((code) => Number(code) as VerifyExit))(
    'for exit code %i says the verdict, answers every question or says why not, and names its limits',
    (exitCode) => {
      const failing = exitCode >= 20;
      const finding = { step: 'V3', severity: 'fail', line: 4, text: 'line 4 was moved' } as const;
      const text = verifyDocument(
        reportOf({ exitCode, verdict: VERDICT_TEXT[exitCode], findings: failing ? [finding] : [] }),
        by,
      );
      expect(text).toContain(VERDICT_TEXT[exitCode].replaceAll(':', ':').slice(0, 20));
      for (let step = 0; step <= 14; step += 1) expect(text).toContain(`| V${step} |`);
      expect(text.includes('| NO |')).toBe(failing);
      expect(text.includes('not decided')).toBe(failing);
      expect(text).toMatch(/Signatures show who said what/);
      expect(text).not.toContain('SIMULATED');
    },
  );

  it('says what is simulated, left open, and when it was by the chain of the estate', () => {
    const text = verifyDocument(
      reportOf({
        estateId: 'demo:1',
        openItems: ['witness:one'],
        chainTime: { notBefore: '2026-01-01T00:00:00.000Z', notAfter: null },
      }),
      by,
    );
    expect(text).toContain('SIMULATED');
    expect(text).toContain('- witness:one');
    expect(text).toMatch(/the word of the same estate\)\n\n- opened after 2026-01-01/);
  });

  it('lets nothing hostile through: no link, no HTML, no control character', () => {
    const hostile = '<script>alert(1)</script> [x](http://evil.example) | \u001b[2J `code` \u202e';
    const text = verifyDocument(
      reportOf({
        path: hostile,
        signers: [{ address: `0x${'11'.repeat(20)}`, person: hostile, name: hostile, records: 1 }],
        findings: [{ step: 'V1', severity: 'warn', line: null, text: hostile }],
      }),
      by,
    );
    expect(text).not.toMatch(
      /(^|[^\\])<script|(^|[^\\])\[x\]\(|[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/,
    );
    expect(text).not.toContain('http://evil');
  });
});

describe('c138 evidence verify --report', () => {
  let made: Made;
  let folder = '';
  beforeAll(async () => {
    made = await everyKind();
    folder = mkdtempSync(join(tmpdir(), 'c138-report-'));
    writeFileSync(join(folder, 'trust.json'), made.trust);
  });
  afterAll(() => {
    made.clean();
    rmSync(folder, { recursive: true, force: true });
  });

  it('writes the same facts as the JSON, once', async () => {
    const out = join(folder, 'report.md');
    const args = [
      'evidence',
      'verify',
      made.dir,
      '--trust',
      join(folder, 'trust.json'),
      '--json',
      '--report',
      out,
    ];
    const env = { HOME: folder, C138_STATE_DIR: join(folder, 'state') };
    const ran = await run(args, env);
    expect(ran.code, ran.err).toBe(0);
    const json = JSON.parse(ran.out) as VerifyReport;
    const text = readFileSync(out, 'utf8');
    const digest = createHash('sha256')
      .update(readFileSync(join(made.dir, 'journal.jsonl')))
      .digest('hex');
    for (const fact of [json.session, digest, json.assurance, String(json.records), 'Anna', 'Bert'])
      expect(text).toContain(fact);
    const again = await run(args, env);
    expect(again.code).toBe(2);
    expect(again.err).toMatch(/exists already/);
    expect(existsSync(out)).toBe(true);
  });
});
