import type { Assessment, FactMatch, Observation, Step, StepGate, SubjectId } from '../model/index.ts';
import {
  between,
  GATE_PROBE,
  type GateReading,
  type GateState,
  type Moment,
  type StepState,
} from './run-state.ts';

/** How long the reading of a step's probes may stand before it must be taken again, in milliseconds. */
export const GATE_MS = 5 * 60_000;
/** How long before an answer its probes may have been asked, where they can be asked again, in milliseconds. */
export const ADVANCE_MS = 20_000;
/** A reading from the future counts as none; clocks of two boots may differ by this much, in milliseconds. */
const AHEAD_MS = 60_000;

/** How one gate stood. */
export interface GateJudgement {
  readonly gate: StepGate;
  readonly state: 'holds' | 'fails' | 'unknown';
  readonly line: string;
}

/** The worst of several: a failure beats a look that was not possible. */
function worst(states: readonly GateJudgement['state'][]): GateJudgement['state'] {
  if (states.includes('fails')) return 'fails';
  return states.includes('unknown') ? 'unknown' : 'holds';
}

/**
 * Judges a step's gates from assessments and observations made for this moment, with a line for each gate. Pure.
 */
export function judgeGates(
  step: Step,
  assessments: readonly Assessment[],
  observations: readonly Observation[] = [],
): { readonly gate: GateState; readonly lines: readonly string[]; readonly each: readonly GateJudgement[] } {
  const each = step.gates.map((gate) => judgeGate(gate, assessments, observations));
  return {
    gate: each.length === 0 ? 'none' : worst(each.map((one) => one.state)),
    lines: each.map((one) => one.line),
    each,
  };
}

function judgeGate(
  gate: StepGate,
  assessments: readonly Assessment[],
  observations: readonly Observation[],
): GateJudgement {
  const found = assessments.find((one) => one.subject.id === gate.subject);
  const expected = gate.expectHealth.join(' or ');
  if (found === undefined)
    return {
      gate,
      state: 'unknown',
      line: `${gate.subject}: not in this estate (expected ${expected})`,
    };
  const holds = gate.expectHealth.some((health) => health === found.health);
  const reason = found.findings.find((one) => one.severity !== 'info')?.reason;
  const health = holds ? 'holds' : found.health === 'unknown' ? 'unknown' : 'fails';
  const matches = gate.match.map((match) => judgeMatch(gate, match, observations));
  const said = `${gate.subject}: ${found.status}, ${found.health} (expected ${expected})${holds || reason === undefined ? '' : `: ${reason}`}`;
  return {
    gate,
    state: worst([health, ...matches.map((one) => one.state)]),
    line: [said, ...matches.map((one) => one.line)].join('; '),
  };
}

const WORDS = { equals: '', at_least: 'at least ', at_most: 'at most ' } as const;

function judgeMatch(
  gate: StepGate,
  match: FactMatch,
  observations: readonly Observation[],
): Pick<GateJudgement, 'state' | 'line'> {
  const seen = observations.filter((one) => one.subject === gate.subject && one.probe === gate.probe);
  const wanted = `${gate.probe} ${match.fact} is ${WORDS[match.is]}${match.value}`;
  const values = seen.map((one) => (one.answer.class === 'ok' ? one.answer.facts[match.fact] : undefined));
  if (values.length === 0 || values.some((one) => one === undefined || one === null))
    return { state: 'unknown', line: `could not see whether ${wanted}` };
  const bad = values.find((one) => !matches(one, match));
  if (bad === undefined) return { state: 'holds', line: wanted };
  return { state: 'fails', line: `expected: ${wanted}; found ${JSON.stringify(bad)}` };
}

function matches(found: unknown, { is, value }: FactMatch): boolean {
  if (is === 'equals') return found === value;
  if (typeof found !== 'number' || typeof value !== 'number') return false;
  return is === 'at_least' ? found >= value : found <= value;
}

/** The judgement of a step's gates as observations, so that the journal alone says how they stood. */
export function gateObservations(
  each: readonly GateJudgement[],
  { vantage, started, ended }: Pick<Observation, 'vantage' | 'started' | 'ended'>,
): readonly Observation[] {
  const result = { holds: 'pass', fails: 'fail', unknown: 'unknown' } as const;
  return each.map(({ gate, state, line }) => ({
    probe: GATE_PROBE,
    subject: gate.subject,
    endpoint: 'c138',
    level: 'none',
    request: `${gate.subject} is ${gate.expectHealth.join(' or ')}${gate.match.map((one) => `, ${one.fact} is ${WORDS[one.is]}${one.value}`).join('')}`,
    answer: {
      class: 'ok',
      facts: { state },
      checks: [
        {
          id: 'gate',
          result: result[state],
          reason: line,
          next: state === 'holds' ? '' : 'mend it, then ask the probes again',
        },
      ],
    },
    vantage,
    started,
    ended,
    raw: null,
  }));
}

/** The reading that a probe record holds for a step, or null when it is none. A gate that is missing is unknown. */
export function readingOf(
  step: Step,
  observations: readonly Observation[],
  seq: number,
  when: Moment,
): GateReading | null {
  const found = observations.filter((one) => one.probe === GATE_PROBE);
  if (step.gates.length === 0 || found.length === 0) return null;
  const left = new Map<SubjectId, Observation[]>();
  for (const one of found) left.set(one.subject, [...(left.get(one.subject) ?? []), one]);
  const states = step.gates.map((gate): GateJudgement['state'] => {
    const state = left.get(gate.subject)?.shift()?.answer.facts.state;
    return state === 'holds' || state === 'fails' ? state : 'unknown';
  });
  return {
    state: worst(states),
    lines: found.map((one) => one.answer.checks[0]?.reason ?? ''),
    seq,
    when: { at: when.at, clock: when.clock },
  };
}

/**
 * How the gate of a step stands at a moment. A reading counts for five minutes, never for two answers, and in a step that is read and then
 * done, or called and answered, only when it was taken while the step was at hand.
 */
export function gateAt(state: StepState, now: Moment): GateState {
  const { step, reading } = state;
  if (step.gates.length === 0) return 'none';
  if (reading === null || reading.seq <= (state.seq ?? -1)) return 'not-run';
  const early = state.verdict === null && reading.seq <= (state.since?.seq ?? -1);
  if (early && step.mode !== 'do-confirm') return 'not-run';
  const age = between(reading.when, now);
  return age > GATE_MS || age < -AHEAD_MS ? 'not-run' : reading.state;
}
