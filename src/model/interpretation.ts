import type { DocumentedSubject } from './documented.ts';
import type { Observation } from './observation.ts';
import { compareLevels, type EvidenceLevel, type Status } from './status.ts';

/** What an interpretation rule looks at. */
export interface InterpretationInput {
  readonly subject: DocumentedSubject;
  readonly level: EvidenceLevel;
  readonly status: Status;
  readonly observations: readonly Observation[];
}

/** One interpretation rule of the master plan. It can only lower a claim, never raise it. */
export interface InterpretationRule {
  readonly id: string;
  /** Section of the master plan. */
  readonly section: number;
  readonly text: string;
  /** The highest status the rule allows here, or null when it does not apply. */
  readonly cap: (input: InterpretationInput) => Status | null;
}

const isProgram = (subject: DocumentedSubject, ...names: readonly string[]): boolean =>
  subject.kind === 'program' && names.includes(subject.id.slice('program:'.length));

/** A guest for Fabric or Indy, by the template's category or by what is asked of it. */
export function isHyperledger(subject: DocumentedSubject, observations: readonly Observation[]): boolean {
  return (
    /^(dlt|fabric|indy|hyperledger)/i.test(subject.category ?? '') ||
    observations.some((one) => /^(fabric|indy)-/.test(one.probe))
  );
}

/** A capability of the plan stays planned until app-level evidence of it exists. */
function plannedUntilEvidence(...names: readonly string[]): InterpretationRule['cap'] {
  return ({ subject, level }) =>
    isProgram(subject, ...names) && compareLevels(level, 'app') < 0 ? 'planned' : null;
}

/** The interpretation rules of the master plan, sections 4, 5, 8, 9, 10, 11, 12, 14, 16, 18 and 21. */
export const INTERPRETATION_RULES: readonly InterpretationRule[] = [
  {
    id: 'sovereign-cluster-is-roadmap',
    section: 4,
    text: 'HA, dedicated storage and dedicated network nodes are roadmap items until discovery proves them active',
    cap: plannedUntilEvidence('ha', 'dedicated-storage-nodes', 'dedicated-network-nodes'),
  },
  {
    id: 'segmentation-is-roadmap',
    section: 5,
    text: 'full segmentation with dedicated VLANs and zero-trust routing is roadmap work',
    cap: plannedUntilEvidence('network-segmentation'),
  },
  {
    id: 'ceph-is-not-a-baseline',
    section: 8,
    text: 'Ceph-backed distributed storage is not an achieved baseline',
    cap: plannedUntilEvidence('ceph'),
  },
  {
    id: 'security-controls-partial',
    section: 9,
    text: 'HSM keys, certificate hierarchy and tier firewalls must not be shown complete without separate evidence',
    cap: plannedUntilEvidence('hsm', 'certificate-hierarchy', 'tier-firewall', 'operator-mfa'),
  },
  {
    id: 'governance-is-target',
    section: 10,
    text: 'multi-entity validator governance is a target, not a fact',
    cap: plannedUntilEvidence('validator-governance'),
  },
  {
    id: 'firefly-gateway-is-not-multiparty',
    section: 11,
    text: 'a local FireFly gateway is not a healthy multiparty workflow',
    cap: ({ subject, status, observations }) => {
      if (subject.category !== 'firefly' || status !== 'deployed') return null;
      const multiparty = observations.some(
        (one) => one.probe === 'firefly-status' && one.answer.facts.multiparty === true,
      );
      return multiparty ? null : 'under-validation';
    },
  },
  {
    id: 'cacti-future-optional',
    section: 12,
    text: 'Cacti is future / optional until a deployed and validated environment is evidenced',
    cap: plannedUntilEvidence('cacti'),
  },
  {
    id: 'caliper-is-never-a-gate',
    section: 14,
    text: 'performance benchmarking is documented, not a readiness gate',
    cap: ({ subject }) => (isProgram(subject, 'caliper') ? 'planned' : null),
  },
  {
    id: 'disaster-recovery-unproven',
    section: 16,
    text: 'disaster recovery is a requirement, not an evidenced capability',
    cap: plannedUntilEvidence('disaster-recovery'),
  },
  {
    id: 'flow-is-not-automated',
    section: 18,
    text: 'the seven-step business flow must not be represented as fully automated',
    cap: ({ subject, level }) => {
      if (!isProgram(subject, 'end-to-end-flow')) return null;
      return compareLevels(level, 'flow') < 0 ? 'planned' : 'under-validation';
    },
  },
  {
    id: 'hyperledger-presence-is-not-proof',
    section: 21,
    text: 'Fabric and Indy containers prove nothing without an active service; they are reserved placeholders',
    cap: ({ subject, level, observations }) =>
      isHyperledger(subject, observations) && compareLevels(level, 'app') < 0 && subject.status === 'deployed'
        ? 'under-validation'
        : null,
  },
  {
    id: 'identity-stack-is-planned',
    section: 2,
    text: 'Aries, AnonCreds, Ursa, Quilt and Avalon are planned, not deployed',
    cap: plannedUntilEvidence('aries', 'anoncreds', 'ursa', 'quilt', 'avalon'),
  },
];

/** From the strongest claim to the weakest. */
const CLAIM_ORDER: readonly Status[] = [
  'deployed',
  'under-validation',
  'planned',
  'placeholder',
  'retired',
  'unknown',
];

/** Lowers a status to what the interpretation rules allow; names the rules that did. */
export function interpret(input: InterpretationInput): {
  readonly status: Status;
  readonly applied: readonly InterpretationRule[];
} {
  let status = input.status;
  const applied: InterpretationRule[] = [];
  for (const rule of INTERPRETATION_RULES) {
    const cap = rule.cap({ ...input, status });
    if (cap !== null && CLAIM_ORDER.indexOf(cap) > CLAIM_ORDER.indexOf(status)) {
      status = cap;
      applied.push(rule);
    }
  }
  return { status, applied };
}
