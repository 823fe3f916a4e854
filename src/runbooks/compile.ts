import { createHash } from 'node:crypto';
import { Ajv, type ValidateFunction } from 'ajv';
import { type Document, LineCounter, parseDocument } from 'yaml';
import schema from '../../schemas/runbook.schema.json' with { type: 'json' };
import { canonicalBytes, type Hex, type Runbook, sanitiseLine } from '../model/index.ts';
import { meaningFaults } from './check.ts';
import { RunbookError } from './errors.ts';
import { type Fault, faultOf } from './schema-words.ts';
import { type RunbookSource, toRunbook } from './source.ts';
import { resolveVariables, type VariableSource } from './variables.ts';

/** A runbook ready to be run: the plain data, the exact bytes kept in a session, and where they came from. */
export interface CompiledRunbook {
  readonly runbook: Runbook;
  /** Canonical JSON: what a checker reads, without a YAML parser. */
  readonly bytes: Uint8Array;
  readonly sha256: Hex;
  /** Digest of the YAML source as read. */
  readonly sourceSha256: Hex;
  /** What has to be settled when a run begins. */
  readonly variables: readonly VariableSource[];
}

let compiled: ValidateFunction<RunbookSource> | null = null;

/** The schema is compiled when the first definition is read: that takes tens of milliseconds. */
function validator(): ValidateFunction<RunbookSource> {
  compiled ??= new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    formats: { regex: isRegex },
  }).compile<RunbookSource>(schema);
  return compiled;
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

/**
 * Compiles a runbook's YAML to canonical JSON.
 * @param text the YAML
 * @param file its path, for messages
 * @param values what the variables stand for; null leaves their marks in the texts, to read and to check, not to run
 * @throws RunbookError with line and column of the first fault; VariableError when a value is missing or does not fit
 */
export function compileRunbook(
  text: string,
  file: string,
  values: Readonly<Record<string, string>> | null = null,
): CompiledRunbook {
  const source = sourceOf(text, file);
  if ('faults' in source) throw source.faults[0];
  const variables = source.variables ?? [];
  const { resolved, settled } = resolveVariables(source, values);
  const runbook = toRunbook(resolved, settled);
  const bytes = inWords(file, () => canonicalBytes(runbook));
  return { runbook, bytes, sha256: digest(bytes), sourceSha256: digest(text), variables };
}

/** Everything that is wrong with a runbook's YAML, by line and column; nothing when it can be used. */
export function lintRunbook(text: string, file: string): readonly RunbookError[] {
  try {
    const source = sourceOf(text, file);
    if ('faults' in source) return source.faults;
    compileRunbook(text, file);
    return [];
  } catch (error) {
    if (error instanceof RunbookError) return [error];
    throw error;
  }
}

interface Faulty {
  readonly faults: readonly [RunbookError, ...RunbookError[]];
}

/** The data of a definition, or what is wrong with it, in the order of the file. */
function sourceOf(text: string, file: string): RunbookSource | Faulty {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const inOrder = (faults: readonly RunbookError[]): Faulty | null => {
    const [first, ...rest] = [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
    return first === undefined ? null : { faults: [first, ...rest] };
  };
  const said = (faults: readonly Fault[]): readonly RunbookError[] =>
    faults.map(({ path, message }) => {
      const { line, col } = placeOf(document, lines, path);
      return new RunbookError(file, line, col, message);
    });
  const unreadable = inOrder(
    document.errors.map((fault) => {
      const { line, col } = lines.linePos(fault.pos[0]);
      return new RunbookError(file, line, col, sanitiseLine(fault.message.split('\n')[0] ?? 'not YAML'));
    }),
  );
  if (unreadable !== null) return unreadable;
  const data = inWords(file, () => document.toJS({ maxAliasCount: 20 }) as unknown);
  const validate = validator();
  const formal = validate(data) ? [] : (validate.errors ?? []).map((one) => faultOf(one, data));
  const faulty = inOrder(said(formal.length > 0 ? formal : meaningFaults(data as RunbookSource)));
  return faulty ?? (data as RunbookSource);
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

/** Aliases of nothing and texts that are no Unicode show only late, and without a place. */
function inWords<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new RunbookError(
      file,
      1,
      1,
      sanitiseLine(error instanceof Error ? error.message : 'not YAML', 200),
    );
  }
}
