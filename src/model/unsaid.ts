import type { DocumentedSubject, SubjectId, SubjectKind } from './documented.ts';

/**
 * A subject as long as no document says anything of it: its status is unknown, and owner and region are `TBD` until the documents say
 * otherwise (architecture, section 1). Whether it can be reached is not known either.
 * @param name where somebody calls it otherwise than its id
 */
export function unsaidSubject(id: SubjectId, name?: string): DocumentedSubject {
  const cut = id.indexOf(':');
  const [kind, rest] = [id.slice(0, cut) as SubjectKind, id.slice(cut + 1)];
  return {
    id,
    kind,
    name: name ?? rest,
    ...(kind === 'vmid' && /^\d+$/.test(rest) ? { vmid: Number(rest) } : {}),
    status: 'unknown',
    expectedRun: 'any',
    owner: 'TBD',
    region: 'TBD',
    critical: false,
    absenceTolerated: false,
    dependsOn: [],
    sources: [],
    extra: {},
  };
}
