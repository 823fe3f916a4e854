import type { Attestation } from './attested.ts';
import type { DocumentedSubject } from './documented.ts';
import type { Seen } from './evidence-level.ts';
import { compareLevels, type Status } from './status.ts';

/** What the status rule needs to know about one subject. */
export interface StatusInput {
  readonly subject: DocumentedSubject;
  readonly seen: Seen;
  readonly attestations: readonly Attestation[];
  /** A fresh look showed conclusively that the deployed thing is there and does not work. */
  readonly provenFailure: boolean;
}

/** A status with the reason for it. */
export interface StatusAnswer {
  readonly status: Status;
  readonly rule: string;
  readonly reason: string;
}

/**
 * How far the subject exists. Never more than the evidence:
 * `deployed` needs fresh `app` evidence of this subject, and a witnessed attestation besides unless the documents
 * already say deployed. A deployed thing that was seen failing stays deployed (health tells the rest);
 * past its time-to-live evidence only supports `under-validation`.
 */
export function statusOf(input: StatusInput): StatusAnswer {
  const { subject, seen } = input;
  if (seen.onlyFailedLooks)
    return { status: 'unknown', rule: 'could-not-look', reason: 'nobody could look at it' };
  const freshApp = compareLevels(seen.freshLevel, 'app') >= 0;
  const freshRuntime = compareLevels(seen.freshLevel, 'runtime') >= 0;
  const everApp = compareLevels(seen.everLevel, 'app') >= 0;
  const attested = witnessedDeployed(input);
  switch (subject.status) {
    case 'deployed':
      return documentedDeployed(input, freshApp);
    case 'under-validation':
      if (freshApp && attested) return attestedDeployed();
      if (seen.newest.length === 0) return unseen();
      return {
        status: 'under-validation',
        rule: 'documented-status',
        reason: 'the documents say under validation',
      };
    case 'planned':
    case 'placeholder':
    case 'retired':
      if (freshApp && attested) return attestedDeployed();
      if (everApp)
        return {
          status: 'under-validation',
          rule: 'unexpected-service',
          reason: `documented as ${subject.status}, yet a service answered; nobody has attested it`,
        };
      return {
        status: subject.status,
        rule: 'documented-status',
        reason: freshRuntime
          ? `documented as ${subject.status}; a running container is not proof of a service`
          : `documented as ${subject.status}`,
      };
    case 'unknown':
      if (freshApp && attested) return attestedDeployed();
      if (compareLevels(seen.everLevel, 'presence') >= 0)
        return {
          status: 'under-validation',
          rule: 'undocumented',
          reason: 'seen, but the documents give no status',
        };
      return unseen();
  }
}

function documentedDeployed(input: StatusInput, freshApp: boolean): StatusAnswer {
  if (freshApp)
    return {
      status: 'deployed',
      rule: 'app-evidence',
      reason: 'documented as deployed, and the service answered',
    };
  if (input.provenFailure)
    return {
      status: 'deployed',
      rule: 'seen-failing',
      reason: 'documented as deployed, and seen there not working',
    };
  if (input.seen.newest.length === 0) return unseen();
  if (compareLevels(input.seen.everLevel, 'app') >= 0)
    return {
      status: 'under-validation',
      rule: 'stale-evidence',
      reason: 'the evidence is older than its time-to-live',
    };
  return {
    status: 'under-validation',
    rule: 'running-is-not-proof',
    reason: 'documented as deployed, but no service answered: a running container is not proof',
  };
}

function witnessedDeployed(input: StatusInput): boolean {
  return input.attestations.some(
    (one) => one.claim === 'deployed' && one.witness !== null && one.witness !== one.performer,
  );
}

function attestedDeployed(): StatusAnswer {
  return {
    status: 'deployed',
    rule: 'witnessed-attestation',
    reason: 'the service answered, and a witnessed attestation says deployed',
  };
}

function unseen(): StatusAnswer {
  return { status: 'unknown', rule: 'never-seen', reason: 'nothing was ever seen of it' };
}
