/**
 * The one vocabulary of status, health and evidence level, used by code, runbooks, evidence and reports.
 */

/** How far a subject really exists. Never exceeds the evidence. */
export const STATUSES = [
  'deployed',
  'under-validation',
  'planned',
  'placeholder',
  'retired',
  'unknown',
] as const;
export type Status = (typeof STATUSES)[number];

/** How a subject is doing. `as-expected`: a placeholder or retired subject that is stopped, as it should be; what is planned and is not there. */
export const HEALTHS = ['ok', 'as-expected', 'degraded', 'unknown', 'failed'] as const;
export type Health = (typeof HEALTHS)[number];

/**
 * What an observation proves, weakest first: in the inventory; CT or VM runs;
 * the service itself answers correctly; a business flow was proven.
 */
export const LEVELS = ['none', 'presence', 'runtime', 'app', 'flow'] as const;
export type EvidenceLevel = (typeof LEVELS)[number];

/** Orders evidence levels: negative when `a` is weaker than `b`. */
export function compareLevels(a: EvidenceLevel, b: EvidenceLevel): number {
  return LEVELS.indexOf(a) - LEVELS.indexOf(b);
}
