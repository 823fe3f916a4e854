import { createHash } from 'node:crypto';
import { Ajv } from 'ajv';
import { type Document, LineCounter, parseDocument } from 'yaml';
import schema from '../../schemas/runbook.schema.json' with { type: 'json' };
import {
  canonicalBytes,
  type Hex,
  hasHostile,
  type Runbook,
  type Step,
  type StepMode,
  type SubjectId,
  sanitiseLine,
  type Verdict,
} from '../model/index.ts';
import { RunbookError } from './errors.ts';

/** A runbook ready to be run: the plain data, the exact bytes kept in a session, and where they came from. */
export interface CompiledRunbook {
  readonly runbook: Runbook;
  /** Canonical JSON: what a checker reads, without a YAML parser. */
  readonly bytes: Uint8Array;
  readonly sha256: Hex;
  /** Digest of the YAML source as read. */
  readonly sourceSha256: Hex;
}

interface StepSource {
  readonly id: string;
  readonly title: string;
  readonly mode?: StepMode;
  readonly instructions: string;
  readonly subject?: string;
  readonly expected: string;
  readonly gates?: readonly {
    readonly subject: string;
    readonly probe?: string;
    readonly expect: readonly ('ok' | 'as-expected' | 'degraded')[];
  }[];
  readonly verdicts?: readonly Verdict[];
  readonly command?: string;
  readonly optional?: boolean;
  readonly critical?: boolean;
  readonly witness?: boolean;
  readonly budget_minutes?: number;
  readonly on_failure?: { readonly action: 'retry' | 'abort' | 'back-out'; readonly step?: string };
}

interface RunbookSource {
  readonly v: 1;
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly origin: Runbook['origin'];
  readonly references?: readonly string[];
  readonly roles?: readonly string[];
  readonly steps: readonly StepSource[];
}

const validate = new Ajv({ allErrors: false, strict: false }).compile<RunbookSource>(schema);

/**
 * Compiles a runbook's YAML to canonical JSON.
 * @param text the YAML
 * @param file its path, for messages
 * @throws RunbookError with line and column of the first fault
 */
export function compileRunbook(text: string, file: string): CompiledRunbook {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (path: readonly (string | number)[], message: string): RunbookError => {
    const { line, col } = placeOf(document, lines, path);
    return new RunbookError(file, line, col, message);
  };
  const fault = document.errors[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new RunbookError(file, line, col, sanitiseLine(fault.message.split('\n')[0] ?? 'not YAML'));
  }
  const source: unknown = document.toJS({ maxAliasCount: 20 });
  if (!validate(source)) {
    const error = validate.errors?.[0];
    const path = (error?.instancePath ?? '')
      .split('/')
      .slice(1)
      .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const extra: unknown = error?.params.additionalProperty;
    const what =
      typeof extra === 'string'
        ? `there is no key "${sanitiseLine(extra, 60)}"`
        : (error?.message ?? 'not valid');
    throw at(path, path.length === 0 ? what : `${path.join('.')}: ${what}`);
  }
  checkMeaning(source, at);
  const runbook = toRunbook(source);
  const bytes = canonicalBytes(runbook);
  return { runbook, bytes, sha256: digest(bytes), sourceSha256: digest(text) };
}

function checkMeaning(
  source: RunbookSource,
  at: (path: readonly (string | number)[], message: string) => RunbookError,
): void {
  const seen = new Set<string>();
  for (const [index, step] of source.steps.entries()) {
    const path = ['steps', index] as const;
    if (seen.has(step.id)) throw at([...path, 'id'], `the step id "${step.id}" is used twice`);
    seen.add(step.id);
    for (const key of ['title', 'expected', 'command'] as const) {
      const value = step[key];
      if (value !== undefined && hasHostile(value))
        throw at([...path, key], `${key} holds invisible or control characters`);
    }
    if (hasHostile(step.instructions.replaceAll('\n', ' ')))
      throw at([...path, 'instructions'], 'instructions hold invisible or control characters');
    const action = step.on_failure;
    if (action?.action === 'back-out' && action.step === undefined)
      throw at([...path, 'on_failure'], 'back-out needs the step to go to');
    if (action?.step !== undefined && !source.steps.some((one) => one.id === action.step))
      throw at([...path, 'on_failure', 'step'], `there is no step "${action.step}"`);
  }
}

function toRunbook(source: RunbookSource): Runbook {
  return {
    format: 'c138-runbook',
    v: 1,
    id: source.id,
    version: source.version,
    title: source.title.normalize('NFC'),
    origin: source.origin,
    references: (source.references ?? []).map((one) => one.normalize('NFC')),
    roles: source.roles ?? ['performer'],
    steps: source.steps.map(toStep),
  };
}

function toStep(step: StepSource): Step {
  return {
    id: step.id,
    title: step.title.normalize('NFC'),
    mode: step.mode ?? 'do-confirm',
    // One paragraph, so that the text can stand in a signed line.
    instructions: step.instructions.trim().replace(/\s+/g, ' ').normalize('NFC'),
    subject: (step.subject ?? null) as SubjectId | null,
    expected: step.expected.trim().replace(/\s+/g, ' ').normalize('NFC'),
    gates: (step.gates ?? []).map((gate) => ({
      probe: gate.probe ?? 'any',
      subject: gate.subject as SubjectId,
      expectHealth: gate.expect,
    })),
    verdicts: step.verdicts ?? [
      'confirmed',
      'failed',
      'deviated',
      ...(step.optional === true ? (['skipped'] as const) : []),
    ],
    command: step.command ?? null,
    optional: step.optional ?? false,
    critical: step.critical ?? false,
    witness: step.witness ?? false,
    budgetMinutes: step.budget_minutes ?? null,
    onFailure: { action: step.on_failure?.action ?? 'retry', step: step.on_failure?.step ?? null },
  };
}

function placeOf(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
): { line: number; col: number } {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range =
      node === null || typeof node !== 'object' ? null : (node as { range?: readonly number[] | null }).range;
    if (range?.[0] !== undefined) return lines.linePos(range[0]);
  }
  return { line: 1, col: 1 };
}

function digest(data: string | Uint8Array): Hex {
  return `0x${createHash('sha256').update(data).digest('hex')}`;
}
