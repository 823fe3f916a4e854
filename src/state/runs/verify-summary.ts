import { readFile } from 'node:fs/promises';
import { verifySession } from '../../evidence/verify/verify.ts';
import { byWeight, type VerifyFinding } from '../../evidence/verify/verify-report.ts';
import { sanitiseLine } from '../../model/index.ts';
import type { VerifySummary } from '../backend.ts';

/** Verifies a session against the trust store in force, and says it in a few lines. */
export async function verifySummary(path: string, trustFile: string): Promise<VerifySummary> {
  const trust = await readFile(trustFile).catch(() => null);
  const report = await verifySession(path, trust === null ? {} : { trust });
  const said = (one: VerifyFinding): string => `${one.step} ${one.severity}: ${sanitiseLine(one.text, 400)}`;
  const sorted = byWeight(report.findings);
  const told = sorted.filter((one) => one.severity === 'info');
  const decided = sorted.filter((one) => one.severity !== 'info');
  return {
    exitCode: report.exitCode,
    verdict: report.verdict,
    assurance: report.assurance,
    fails: sorted.filter((one) => one.severity === 'fail').length,
    lines: [
      ...decided.map(said),
      `${report.records} records, opened ${report.openedAt ?? 'never'}, sealed ${report.sealedAt ?? 'never'}`,
      ...report.signers.map(
        (one) => `signed by ${sanitiseLine(one.name, 80)} (${one.address}), ${one.records} records`,
      ),
      ...told.map(said),
    ],
  };
}
