import { chainRules } from '../chain/index.ts';
import { loadEstate } from '../estate/index.ts';
import type { Assessment, EstateAssessment, Finding } from '../model/index.ts';
import { assessEstate, type DocumentedEstate, sanitiseLine } from '../model/index.ts';
import { observeEstate } from '../probes/index.ts';
import { bundledRunbooks } from '../runbooks/index.ts';
import type { Paths } from '../state/paths.ts';
import { discover } from '../state/snapshots/discover.ts';
import { vantageHere } from '../state/tool.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface Phase3Flags {
  readonly json?: boolean | undefined;
}

export const FOLLOW_UPS = 'phase3-follow-ups';

type SliceVerdict = 'pass' | 'fail' | 'incomplete';

/** One automated slice of phase 3. */
interface Slice {
  readonly id: string;
  readonly title: string;
  readonly optional: boolean;
  readonly verdict: SliceVerdict;
  readonly findings: readonly Finding[];
  readonly subjects: readonly string[];
  /** What this slice does not prove. */
  readonly limits: string;
}

const SLICE_KINDS = new Set(['json-rpc', 'firefly', 'firefly-connector', 'proxmox-api']);

/**
 * `c138 phase3`: the automated slices (Besu liveness, FireFly over HTTP where there is one), each with its verdict, then what remains for people.
 * It is not the whole production flow, and says so. Exit code 0, 1 or 3; an optional slice never decides it.
 */
export async function phase3Command(paths: Paths, flags: Phase3Flags, io: Io): Promise<number> {
  const estate = await loadEstate(paths.estateFile.path);
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    const only = new Set(estate.endpoints.filter((one) => SLICE_KINDS.has(one.kind)).map((one) => one.id));
    const { snapshot } = await discover(estate, {
      vantage: vantageHere(),
      signal: abort.signal,
      observe: (of, options) => observeEstate(of, { ...options, only }),
    });
    const assessment = assessEstate(snapshot, Date.parse(snapshot.ended), chainRules);
    const slices = slicesOf(estate, assessment, !abort.signal.aborted);
    const manual = await manualSteps(slices);
    const exit = exitCodeOf(slices);
    if (flags.json === true)
      printJson(io, {
        format: 'c138-phase3',
        v: 1,
        estate: { id: estate.id, name: estate.name, simulated: estate.simulated },
        exit_code: exit,
        slices,
        manual,
        runbook: FOLLOW_UPS,
      });
    else io.out(textOf(estate, slices, manual));
    return exit;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

function slicesOf(
  estate: DocumentedEstate,
  assessment: EstateAssessment,
  complete: boolean,
): readonly Slice[] {
  const kinds = new Map(estate.endpoints.map((one) => [one.subject, one.kind]));
  const chain = assessment.subjects.filter((one) => one.subject.id === `chain:${estate.chainId}`);
  const firefly = assessment.subjects.filter(
    (one) => kinds.get(one.subject.id) === 'firefly' || kinds.get(one.subject.id) === 'firefly-connector',
  );
  const proof = chain[0]?.observations.find((one) => one.probe === 'qbft-proof')?.answer.facts.verdict;
  const slices: Slice[] = [
    slice('besu-liveness', 'Besu makes blocks, sealed by a quorum', false, chain, complete, {
      limits:
        proof === 'proven'
          ? 'the head was sealed by the pinned validators; nothing is said of what was in the blocks'
          : 'the quorum is not proven against a pinned set',
    }),
  ];
  if (firefly.length > 0)
    slices.push(
      slice('firefly-http', 'FireFly answers over HTTP (optional)', true, firefly, complete, {
        limits: 'its status asks no plugin; a gateway that answers is no multiparty workflow',
      }),
    );
  return slices;
}

function slice(
  id: string,
  title: string,
  optional: boolean,
  subjects: readonly Assessment[],
  complete: boolean,
  more: { readonly limits: string },
): Slice {
  const findings = subjects.flatMap((one) => one.findings).filter((one) => one.severity !== 'info');
  const healths = subjects.map((one) => one.health);
  let verdict: SliceVerdict = 'pass';
  if (!complete || subjects.length === 0 || healths.includes('unknown')) verdict = 'incomplete';
  if (healths.includes('failed')) verdict = 'fail';
  return { id, title, optional, verdict, findings, subjects: subjects.map((one) => one.subject.id), ...more };
}

/** The worst of what is not optional; a failure beats what nobody could see. */
function exitCodeOf(slices: readonly Slice[]): 0 | 1 | 3 {
  const deciding = slices.filter((one) => !one.optional).map((one) => one.verdict);
  if (deciding.includes('fail')) return 1;
  return deciding.includes('incomplete') ? 3 : 0;
}

interface ManualStep {
  readonly id: string;
  readonly title: string;
  readonly subject: string | null;
}

/** The steps of the follow-up runbook that no slice has looked at. */
async function manualSteps(slices: readonly Slice[]): Promise<readonly ManualStep[]> {
  const found = (await bundledRunbooks()).find((one) => one.runbook.id === FOLLOW_UPS);
  if (found === undefined)
    throw new CliError(`the bundled runbook ${FOLLOW_UPS} is missing; install c138 again`);
  const automated = new Set(slices.flatMap((one) => one.subjects));
  return found.runbook.steps
    .filter((step) => step.subject === null || !automated.has(step.subject))
    .map(({ id, title, subject }) => ({ id, title, subject }));
}

function textOf(estate: DocumentedEstate, slices: readonly Slice[], manual: readonly ManualStep[]): string {
  const lines = [`Phase 3 slices, ${sanitiseLine(estate.name)}${estate.simulated ? ' (simulated)' : ''}`, ''];
  for (const one of slices) {
    lines.push(`${one.verdict.toUpperCase().padEnd(10)} ${one.title}`);
    for (const finding of one.findings.slice(0, 8))
      lines.push(`           ${finding.severity}: ${sanitiseLine(finding.reason, 400)}`);
    lines.push(`           not proven: ${one.limits}`);
  }
  lines.push('', `For people, in the runbook ${FOLLOW_UPS} (${manual.length} steps):`);
  for (const step of manual) lines.push(`  ${step.id.padEnd(22)} ${sanitiseLine(step.title, 120)}`);
  lines.push(
    '',
    `Work them with: c138 runbook run ${FOLLOW_UPS}`,
    'The production flow as a whole (section 18 of the master plan) is not automated, and nothing here says so.',
  );
  return `${lines.join('\n')}\n`;
}
