import type {
  FactMatch,
  Runbook,
  RunbookVariable,
  Step,
  StepMode,
  SubjectId,
  Verdict,
} from '../model/index.ts';
import type { VariableSource } from './variables.ts';

/** An expected value as the YAML has it: exactly one of the three. */
export interface MatchSource {
  readonly fact: string;
  readonly equals?: string | number | boolean;
  readonly at_least?: number;
  readonly at_most?: number;
}

/** One step as the YAML has it. schemas/runbook.schema.json is the specification. */
export interface StepSource {
  readonly id: string;
  readonly title: string;
  readonly mode?: StepMode;
  readonly instructions: string;
  readonly subject?: string;
  readonly expected: string;
  readonly gates?: readonly {
    readonly subject: string;
    readonly probe?: string;
    readonly expect: readonly ('ok' | 'as-expected' | 'degraded' | 'failed')[];
    readonly match?: readonly MatchSource[];
  }[];
  readonly verdicts?: readonly Verdict[];
  readonly command?: string;
  readonly expect_exit?: number;
  readonly optional?: boolean;
  readonly critical?: boolean;
  readonly witness?: boolean;
  readonly approval?: boolean;
  readonly pause?: boolean;
  readonly back_out?: string;
  readonly budget_minutes?: number;
  readonly on_failure?: { readonly action: 'retry' | 'abort' | 'back-out'; readonly step?: string };
}

/** A runbook as the YAML has it. */
export interface RunbookSource {
  readonly v: 1;
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly origin: Runbook['origin'];
  readonly references?: readonly string[];
  readonly roles?: Runbook['roles'];
  readonly window_minutes?: number;
  readonly variables?: readonly VariableSource[];
  readonly steps: readonly StepSource[];
}

/** The plain data of a run, every default filled in. */
export function toRunbook(source: RunbookSource, variables: readonly RunbookVariable[]): Runbook {
  return {
    format: 'c138-runbook',
    v: 1,
    id: source.id,
    version: source.version,
    title: source.title.normalize('NFC'),
    origin: source.origin,
    references: (source.references ?? []).map((one) => one.normalize('NFC')),
    roles: source.roles ?? ['performer'],
    windowMinutes: source.window_minutes ?? null,
    variables,
    steps: source.steps.map(toStep),
  };
}

/** One paragraph, so that the text can stand in a signed line. */
const paragraph = (text: string): string => text.trim().replace(/\s+/g, ' ').normalize('NFC');

function toStep(step: StepSource): Step {
  // A branch that is not walked leaves nothing open.
  const optional = step.optional === true || step.back_out !== undefined;
  return {
    id: step.id,
    title: step.title.normalize('NFC'),
    mode: step.mode ?? 'do-confirm',
    instructions: paragraph(step.instructions),
    subject: (step.subject ?? null) as SubjectId | null,
    expected: paragraph(step.expected),
    gates: (step.gates ?? []).map((gate) => ({
      probe: gate.probe ?? 'any',
      subject: gate.subject as SubjectId,
      expectHealth: gate.expect,
      match: (gate.match ?? []).map(toMatch),
    })),
    verdicts: step.verdicts ?? defaultVerdicts(step),
    command: step.command?.normalize('NFC') ?? null,
    expectExit: step.expect_exit ?? 0,
    optional,
    critical: step.critical ?? false,
    witness: step.witness === true || step.approval === true,
    approval: step.approval ?? false,
    pause: step.pause ?? false,
    backOut: step.back_out ?? null,
    budgetMinutes: step.budget_minutes ?? null,
    onFailure: { action: step.on_failure?.action ?? 'retry', step: step.on_failure?.step ?? null },
  };
}

function defaultVerdicts(step: StepSource): readonly Verdict[] {
  if (step.pause === true) return ['confirmed', 'failed'];
  return ['confirmed', 'failed', 'deviated', ...(step.optional === true ? (['skipped'] as const) : [])];
}

function toMatch({ fact, equals, at_least, at_most }: MatchSource): FactMatch {
  if (at_least !== undefined) return { fact, is: 'at_least', value: at_least };
  if (at_most !== undefined) return { fact, is: 'at_most', value: at_most };
  return { fact, is: 'equals', value: equals ?? '' };
}
