import type { Assessment, EstateVerdict, Finding } from './assessment.ts';

/**
 * The truth a pass ends with: 1 when something critical failed, 3 when something critical could not be looked at
 * or the pass was not completed, 0 otherwise. 1 beats 3. Planned outages are visible but do not count.
 */
export function verdictOf(assessed: readonly Assessment[], complete: boolean): EstateVerdict {
  const counting = assessed.filter((one) => one.subject.critical && one.outage === null);
  const critical = counting.flatMap((one) =>
    one.health === 'failed' ? one.findings.filter((finding) => finding.severity === 'fail') : [],
  );
  const unknown: Finding[] = counting.flatMap((one) =>
    one.health === 'unknown' ? one.findings.filter((finding) => finding.severity === 'unknown') : [],
  );
  const anyFailed = counting.some((one) => one.health === 'failed');
  const anyUnknown = counting.some((one) => one.health === 'unknown') || !complete;
  if (anyFailed) return { result: 'critical-failure', exitCode: 1, critical, unknown };
  if (anyUnknown) return { result: 'incomplete', exitCode: 3, critical, unknown };
  return { result: 'pass', exitCode: 0, critical, unknown };
}
