import { isLayer } from './absence.ts';
import type { Finding } from './assessment.ts';
import type { DocumentedSubject } from './documented.ts';
import { isFresh, runStateOf, type Seen } from './evidence-level.ts';
import { isHyperledger } from './interpretation.ts';
import type { EpochMs } from './json.ts';
import type { AnswerClass, Observation } from './observation.ts';
import { compareLevels, HEALTHS, type Health } from './status.ts';

export interface HealthInput {
  readonly subject: DocumentedSubject;
  readonly seen: Seen;
  readonly at: EpochMs;
  readonly ttlS: number;
  /** Names of hosts that a fresh answer of the cluster calls offline. */
  readonly offlineHosts: ReadonlySet<string>;
  /** Findings of rules over several observations, about this subject. */
  readonly cross: readonly Finding[];
  /** False while the pass still runs, or when it was interrupted: what was not looked at may only not have been looked at yet. */
  readonly complete: boolean;
}

export interface HealthAnswer {
  readonly health: Health;
  readonly findings: readonly Finding[];
  /** The subject was seen to be there and not to work. */
  readonly provenFailure: boolean;
}

/** The thing at the address took part in the failure itself, so the failure is its own. */
const OWN_FAILURE: ReadonlySet<AnswerClass> = new Set([
  'refused',
  'reset',
  'half-answer',
  'not-json',
  'empty',
  'too-large',
]);

/** What Proxmox says of a guest, which is no look at its service. */
function isInventory(one: Observation): boolean {
  return one.probe.startsWith('pve-');
}

/** How the subject is doing, with every reason. Pure. */
export function healthOf(input: HealthInput): HealthAnswer {
  const { subject, seen } = input;
  const fresh = seen.newest.filter((one) => isFresh(one, input.at, input.ttlS) && !isLayer(one));
  if (seen.newest.length === 0) return healthUnseen(input);
  if (fresh.length === 0)
    return settle(input, [
      finding(
        subject,
        'stale-evidence',
        'unknown',
        'everything seen of it is past its time-to-live',
        'refresh, or look again from another vantage',
      ),
    ]);
  if (subject.expectedRun === 'stopped')
    return settle(input, [...stoppedFindings(input, fresh), ...input.cross], 'as-expected');
  // What is planned and was looked for in vain is as the documents say; nothing of it was seen to work.
  const absent = subject.status === 'planned' && compareLevels(seen.freshLevel, 'runtime') < 0;
  const findings = [...runFindings(input), ...answerFindings(input, fresh), ...input.cross];
  return settle(input, findings, absent ? 'as-expected' : 'ok');
}

function healthUnseen(input: HealthInput): HealthAnswer {
  const { subject } = input;
  const nothingExpected = subject.status === 'planned' || subject.kind === 'program';
  // What a rule says of it is more than that no probe asked it itself.
  const toldOtherwise = input.cross.some((one) => one.severity !== 'info');
  const own =
    nothingExpected || toldOtherwise
      ? []
      : [
          input.complete
            ? finding(
                subject,
                'never-seen',
                'unknown',
                'no probe has looked at it',
                'name an endpoint for it in the estate file, or run discovery where it can be reached',
              )
            : notYet(subject),
        ];
  const answer = settle(input, [...own, ...input.cross]);
  return answer.health === 'ok' ? { ...answer, health: 'unknown' } : answer;
}

function notYet(subject: DocumentedSubject): Finding {
  return finding(
    subject,
    'not-looked-yet',
    'unknown',
    'not looked at yet: not every source has been asked',
    'wait for the first answers; where a pass was interrupted, look again',
  );
}

/** What Proxmox says of the guest against what the documents expect. */
function runFindings(input: HealthInput): Finding[] {
  const { subject } = input;
  const state = runStateOf(input.seen, input.at, input.ttlS);
  if (state === null) return [];
  if (state.node !== null && input.offlineHosts.has(state.node))
    return [
      finding(
        subject,
        'host-offline-memory',
        'unknown',
        `its host ${state.node} is offline; Proxmox repeats the last known state for up to five minutes`,
        `bring ${state.node} back, or look for the guest on another host`,
      ),
    ];
  if (state.run === 'stopped' && subject.expectedRun === 'running')
    return [
      finding(
        subject,
        'guest-stopped',
        'fail',
        'the guest is stopped, but is documented as running',
        'find out why it stopped before starting it',
      ),
    ];
  if (state.run === 'stopped')
    return [
      finding(
        subject,
        'guest-stopped-unsaid',
        'unknown',
        'the guest is stopped, and no document says whether it should run',
        'give it a status in the template',
      ),
    ];
  if (state.run === 'unknown')
    return [
      finding(subject, 'guest-unknown', 'unknown', 'Proxmox does not know whether it runs', 'check its host'),
    ];
  return [];
}

/** Each answer judged: checks of answers, failures of the thing itself, and looks that did not succeed. */
function answerFindings(input: HealthInput, fresh: readonly Observation[]): Finding[] {
  const { subject } = input;
  const state = runStateOf(input.seen, input.at, input.ttlS);
  const hostGone = state?.node != null && input.offlineHosts.has(state.node);
  const knownRunning = state?.run === 'running' && !hostGone;
  const knownStopped = state?.run === 'stopped' && !hostGone;
  const out: Finding[] = [];
  let asked = 0;
  const told = new Set<string>();
  for (const one of fresh) {
    const { answer } = one;
    if (!isInventory(one)) asked += 1;
    for (const check of answer.checks)
      if (check.result !== 'pass')
        out.push(finding(subject, check.id, check.result, check.reason, check.next));
    if (answer.class === 'ok' || answer.class === 'ok-null' || answer.checks.length > 0) continue;
    if (knownStopped) continue;
    // Several probes ask one endpoint; a failure to reach it is told once.
    if (told.has(`${one.endpoint} ${answer.class}`)) continue;
    told.add(`${one.endpoint} ${answer.class}`);
    const detail = answer.detail === undefined ? '' : `: ${answer.detail}`;
    if (OWN_FAILURE.has(answer.class) && knownRunning)
      out.push(
        finding(
          subject,
          `${one.probe}-${answer.class}`,
          'fail',
          `the guest runs, but ${one.endpoint} answers ${answer.class}${detail}`,
          'check the service inside the guest and its listening address',
        ),
      );
    else if (answer.class === 'rpc-error' || answer.class === 'http-error' || answer.class === 'exit')
      out.push(
        finding(
          subject,
          `${one.probe}-${answer.class}`,
          'fail',
          `${one.request} gave ${answer.class}${code(one)}${detail}`,
          'read the error text; check the service and its configuration',
        ),
      );
    else
      out.push(
        finding(
          subject,
          `could-not-look-${answer.class}`,
          'unknown',
          `could not look at ${one.endpoint}: ${answer.class}${detail}`,
          nextFor(answer.class),
        ),
      );
  }
  if (asked === 0 && input.seen.newest.some((one) => !isInventory(one)))
    out.push(
      finding(
        subject,
        'stale-service',
        'unknown',
        'every look at its service is past its time-to-live',
        'refresh, or look again from another vantage',
      ),
    );
  const needsApp = subject.kind === 'vmid' && subject.status === 'deployed';
  if (needsApp && asked > 0 && out.length === 0 && isUnidentified(input, fresh))
    out.push(
      finding(
        subject,
        'service-unidentified',
        'warn',
        'documented as deployed, but nothing that answers shows that the service is what the documents say',
        'name an endpoint that identifies it in the estate file (fabric-peer, fabric-orderer, indy), and do not call it deployed',
      ),
    );
  if (needsApp && asked === 0 && knownRunning)
    out.push(
      input.complete
        ? finding(
            subject,
            'service-not-asked',
            'unknown',
            'the guest runs, but no endpoint of its service is configured',
            'name an endpoint for it in the estate file',
          )
        : notYet(subject),
    );
  return out;
}

/** Something answers for Fabric or Indy, and by nothing is it known to be that. */
function isUnidentified(input: HealthInput, fresh: readonly Observation[]): boolean {
  return isHyperledger(input.subject, fresh) && compareLevels(input.seen.freshLevel, 'app') < 0;
}

/** A placeholder or retired guest should be stopped, with nothing listening. */
function stoppedFindings(input: HealthInput, fresh: readonly Observation[]): Finding[] {
  const { subject } = input;
  const out: Finding[] = [];
  const state = runStateOf(input.seen, input.at, input.ttlS);
  if (
    state === null ||
    state.run === 'unknown' ||
    (state.node !== null && input.offlineHosts.has(state.node))
  )
    out.push(
      finding(
        subject,
        'guest-unknown',
        'unknown',
        'nobody could see whether it is stopped',
        'look again with access to the cluster',
      ),
    );
  else if (state.run === 'running')
    out.push(
      finding(
        subject,
        'placeholder-running',
        'warn',
        `documented as ${subject.status} and stopped, but the guest runs; running is not proof of a service`,
        'find out who started it, and why, before anyone calls it deployed',
      ),
    );
  for (const one of fresh) {
    if (isInventory(one)) continue;
    if (one.answer.class === 'ok' || one.answer.class === 'ok-null')
      out.push(
        finding(
          subject,
          'placeholder-listening',
          'warn',
          `something listens at ${one.endpoint}, unidentified; documented as ${subject.status}`,
          'identify the listener inside the guest',
        ),
      );
  }
  return out;
}

function code(one: Observation): string {
  return one.answer.code === undefined ? '' : ` ${one.answer.code}`;
}

/** The next step for a look that did not succeed. */
export function nextFor(answer: AnswerClass): string {
  switch (answer) {
    case 'not-configured':
      return 'this way of looking is not there; name another endpoint for it in the estate file';
    case 'not-allowed':
      return 'give the token the role PVEAuditor, on both the user and the token';
    case 'auth':
      return 'check the token file; the answer was that the credentials are not accepted';
    case 'ssh-auth':
      return 'load the key into the agent (ssh-add), or correct user and identity file; the endpoint and ~/.ssh/config both count';
    case 'ssh-host-key-revoked':
      return 'do not connect; find out why a revoked key is still in use';
    case 'ssh-host-key-changed':
    case 'ssh-host-key-unknown':
      return 'compare the host key out of band, then correct known_hosts';
    case 'tls':
      return 'check the certificate and the CA file in the estate file; nothing was sent';
    case 'tls-expired':
      return 'renew the certificate (Proxmox: pvecm updatecerts), and compare the clocks of both sides';
    case 'tls-pin':
      return 'compare the certificate out of band; Proxmox renews it before two years are over; then correct pin_sha256';
    case 'dns':
      return 'check the host name in the estate file';
    case 'slow-answer':
      return 'it answers, but not to the end in time: check its load and the path, or give it a longer timeout_ms';
    case 'timeout':
    case 'no-route':
      return 'check the network path from here, and whether the host is up';
    case 'edge-error':
      return 'ask the node directly: the error page is from the edge, not from the node';
    default:
      return 'look from another vantage, and check host and network';
  }
}

function finding(
  subject: DocumentedSubject,
  rule: string,
  severity: Finding['severity'],
  reason: string,
  next: string,
): Finding {
  return { rule, subject: subject.id, severity, reason, next };
}

const SEVERITY_HEALTH = { info: 'ok', warn: 'degraded', unknown: 'unknown', fail: 'failed' } as const;

function settle(input: HealthInput, findings: readonly Finding[], best: Health = 'ok'): HealthAnswer {
  const { subject } = input;
  const state = runStateOf(input.seen, input.at, input.ttlS);
  let health: Health = best;
  for (const one of findings) {
    const implied: Health = SEVERITY_HEALTH[one.severity];
    if (HEALTHS.indexOf(implied) > HEALTHS.indexOf(health)) health = implied;
  }
  if (subject.absenceTolerated && (health === 'failed' || health === 'unknown'))
    return {
      health: 'as-expected',
      findings: findings.map((one) => (one.severity === 'info' ? one : { ...one, severity: 'info' })),
      provenFailure: false,
    };
  const present = state !== null || compareLevels(input.seen.freshLevel, 'presence') >= 0;
  return { health, findings, provenFailure: health === 'failed' && present };
}
