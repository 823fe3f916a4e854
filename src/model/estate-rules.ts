import type { CrossRule, Finding } from './assessment.ts';
import type { SubjectId } from './documented.ts';
import { isFresh } from './evidence-level.ts';
import { couldLook, type Observation } from './observation.ts';
import type { Snapshot } from './snapshot.ts';

/** The newest fresh answer of one probe about each subject. */
function newest(snapshot: Snapshot, at: number, probe: string): ReadonlyMap<SubjectId, Observation> {
  const out = new Map<SubjectId, Observation>();
  const ttl = snapshot.estate.thresholds.evidenceTtlS;
  for (const one of snapshot.observations) {
    if (one.probe !== probe || !couldLook(one.answer) || !isFresh(one, at, ttl)) continue;
    const known = out.get(one.subject);
    if (known === undefined || known.ended <= one.ended) out.set(one.subject, one);
  }
  return out;
}

/** A guest that runs on another host than the preferred one. A preferred host is a target, so this is told and is no fault. */
const movedGuests: CrossRule = ({ subjects, snapshot, at }) => {
  const seen = newest(snapshot, at, 'pve-guest');
  return subjects.flatMap((subject): readonly Finding[] => {
    const node = seen.get(subject.id)?.answer.facts.node;
    const preferred = subject.preferredHost;
    if (typeof node !== 'string' || node === '' || preferred === undefined) return [];
    if (preferred === 'any' || preferred === node) return [];
    return [
      {
        rule: 'guest-moved',
        subject: subject.id,
        severity: 'info',
        reason: `seen on ${node}; its preferred host is ${preferred}`,
        next: 'correct the preferred host, or plan the move back',
        section: 4,
      },
    ];
  });
};

/** A guest that is in the cluster and in no document. */
const undocumentedGuests: CrossRule = ({ subjects, snapshot, at }) => {
  const seen = newest(snapshot, at, 'pve-guest');
  return subjects.flatMap((subject): readonly Finding[] => {
    const facts = seen.get(subject.id)?.answer.facts;
    if (subject.kind !== 'vmid' || subject.sources.length > 0 || facts === undefined) return [];
    if (facts.template === true) return [];
    return [
      {
        rule: 'guest-undocumented',
        subject: subject.id,
        severity: 'info',
        reason: 'in the cluster, but in no document that the estate file names',
        next: 'add it to the template, or find out whose it is',
        section: 3,
      },
    ];
  });
};

/** Hosts of one cluster on different releases: another point release is told, another major release degrades the cluster. */
const mixedReleases: CrossRule = ({ subjects, snapshot, at }) => {
  const cluster = subjects.find((one) => one.kind === 'cluster');
  if (cluster === undefined) return [];
  const versions = new Map<string, string[]>();
  const told = new Map([...newest(snapshot, at, 'pve-api'), ...newest(snapshot, at, 'pve-host')]);
  for (const [subject, one] of told) {
    const { version } = one.answer.facts;
    if (typeof version !== 'string' || !subject.startsWith('host:')) continue;
    versions.set(version, [...(versions.get(version) ?? []), subject.slice('host:'.length)]);
  }
  if (versions.size < 2) return [];
  const majors = new Set([...versions.keys()].map((one) => one.split('.')[0]));
  const list = [...versions].map(([version, hosts]) => `${version} on ${hosts.join(', ')}`).join('; ');
  return [
    {
      rule: 'releases-differ',
      subject: cluster.id,
      severity: majors.size > 1 ? 'warn' : 'info',
      reason: `its hosts run different releases: ${list}`,
      next: 'finish the upgrade host by host; no migration from newer to older',
      section: 4,
    },
  ];
};

/**
 * Backups older than what the estate file allows for their category (`rpo_hours`), and guests without any although a storage for backups was seen.
 * Without `rpo_hours` nothing is judged: the operators' documents name no figure.
 */
const oldBackups: CrossRule = ({ subjects, snapshot, at }) => {
  const allowed = snapshot.estate.rpoHours;
  if (allowed === undefined) return [];
  const backups = newest(snapshot, at, 'pve-backup');
  const couldSee = [...newest(snapshot, at, 'pve-storage').values()].some(({ answer }) =>
    JSON.stringify(answer.facts.storages ?? []).includes('backup'),
  );
  return subjects.flatMap((subject): readonly Finding[] => {
    const hours = subject.category === undefined ? undefined : allowed[subject.category];
    if (hours === undefined || subject.expectedRun === 'stopped') return [];
    const when = backups.get(subject.id)?.answer.facts.newest;
    const age = typeof when === 'string' ? Math.floor((at - Date.parse(when)) / 3_600_000) : null;
    if (age === null && !couldSee) return [];
    if (age !== null && age <= hours) return [];
    return [
      {
        rule: age === null ? 'backup-missing' : 'backup-older-than-rpo',
        subject: subject.id,
        severity: 'warn',
        reason:
          age === null
            ? 'no backup of it was seen on the storages that hold backups'
            : `its newest backup is ${age} hours old; ${hours} are allowed for ${subject.category}`,
        next: 'see the backup jobs, and whether their last runs worked',
        section: 16,
      },
    ];
  });
};

/** Rules over the whole inventory, part of every assessment. */
export const ESTATE_RULES: readonly CrossRule[] = [
  movedGuests,
  undocumentedGuests,
  mixedReleases,
  oldBackups,
];
