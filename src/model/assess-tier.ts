import type { Assessment, Finding } from './assessment.ts';
import type { DocumentedSubject } from './documented.ts';
import { HEALTHS, type Health, LEVELS } from './status.ts';

/**
 * A tier is as well as its members: failed when every member failed, degraded when some are not well, unknown when
 * nobody could look at any of them. Who was not looked at yet is neither well nor not.
 * @param complete every source was asked
 */
export function assessTier(
  tier: DocumentedSubject,
  assessed: readonly Assessment[],
  cross: readonly Finding[],
  complete: boolean,
): Assessment {
  const members = assessed.filter(
    (one) => one.subject.tier !== undefined && `tier:${one.subject.tier}` === tier.id,
  );
  const waiting = complete ? [] : members.filter(notLookedAt);
  const bad = members.filter(
    (one) => one.health !== 'ok' && one.health !== 'as-expected' && !waiting.includes(one),
  );
  let health: Health = 'ok';
  if (members.length === 0 || members.every((one) => one.health === 'unknown')) health = 'unknown';
  else if (members.every((one) => one.health === 'failed')) health = 'failed';
  else if (bad.length > 0) health = 'degraded';
  else if (waiting.length > 0) health = 'unknown';
  const findings: Finding[] = [...cross];
  if (members.length === 0)
    findings.push({
      rule: 'tier-empty',
      subject: tier.id,
      severity: 'unknown',
      reason: 'the documents name no node of this tier',
      next: 'check the categories in the template',
    });
  else if (bad.length > 0)
    findings.push({
      rule: 'tier-members',
      subject: tier.id,
      severity: health === 'failed' ? 'fail' : health === 'unknown' ? 'unknown' : 'warn',
      reason: `${bad.length} of ${members.length} nodes are not well: ${bad
        .map((one) => `${one.subject.name} ${one.health}`)
        .slice(0, 6)
        .join(', ')}${waiting.length === 0 ? '' : `; ${waiting.length} not looked at yet`}`,
      next: 'see the nodes of the tier',
    });
  else if (waiting.length > 0)
    findings.push({
      rule: 'not-looked-yet',
      subject: tier.id,
      severity: 'unknown',
      reason: `${waiting.length} of ${members.length} nodes not looked at yet: not every source has been asked`,
      next: 'wait for the first answers; where a pass was interrupted, look again',
    });
  for (const one of cross) {
    const implied: Health =
      one.severity === 'fail'
        ? 'failed'
        : one.severity === 'warn'
          ? 'degraded'
          : one.severity === 'unknown'
            ? 'unknown'
            : 'ok';
    if (HEALTHS.indexOf(implied) > HEALTHS.indexOf(health)) health = implied;
  }
  const seenTimes = members.flatMap((one) => (one.seenAt === null ? [] : [one.seenAt]));
  const levels = members.map((one) => LEVELS.indexOf(one.level));
  return {
    subject: tier,
    status:
      members.length > 0 && members.every((one) => one.status === 'deployed')
        ? 'deployed'
        : members.some((one) => one.status !== 'unknown')
          ? 'under-validation'
          : 'unknown',
    health,
    level: LEVELS[Math.min(...levels, LEVELS.length - 1)] ?? 'none',
    seenAt: seenTimes.length === 0 ? null : Math.min(...seenTimes),
    stale: members.some((one) => one.stale),
    outage: null,
    absence: null,
    findings,
    observations: [],
  };
}

/** It waits for its first look, or for one at more than its guest, and no rule says more of it than that. */
function notLookedAt({ seenAt, findings }: Assessment): boolean {
  const waits = findings.filter((one) => one.rule === 'not-looked-yet').length;
  const told = findings.filter((one) => one.severity !== 'info').length;
  return waits === told && (waits > 0 || seenAt === null);
}
