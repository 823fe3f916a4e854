import { hasHostile, type RunbookVariable, sanitiseLine } from '../model/index.ts';
import type { RunbookSource, StepSource } from './source.ts';

/** A variable as the YAML has it. */
export interface VariableSource {
  readonly name: string;
  readonly title: string;
  readonly pattern?: string;
  readonly default?: string;
}

/** A value that a variable can not have; the message is for the operator. */
export class VariableError extends Error {
  override readonly name = 'VariableError';
}

const MARK = /\{\{([a-z][a-z0-9_]{0,39})\}\}/g;
const MAX_VALUE = 200;
const SUBJECT = /^(cluster|host|vmid|chain|tier|program):[A-Za-z0-9._-]{1,64}$/;

/** What to open: the id of a runbook, then what its variables stand for, `name=value`; a value may hold spaces. */
export function openingOf(text: string): {
  readonly id: string;
  readonly values: Readonly<Record<string, string>>;
} {
  const [id = '', ...rest] = text.split(' ').filter((one) => one !== '');
  const values: Record<string, string> = {};
  let name: string | null = null;
  for (const word of rest) {
    const set = /^([a-z][a-z0-9_]{0,39})=(.*)$/.exec(word);
    if (set !== null) name = set[1] ?? null;
    if (name === null) throw new VariableError(`"${sanitiseLine(word, 60)}": give variables as name=value`);
    values[name] = set === null ? `${values[name]} ${word}` : (set[2] ?? '');
  }
  return { id, values };
}

/** Names of the variables that a text asks for. */
export function marksIn(text: string): readonly string[] {
  return [...text.matchAll(MARK)].map((one) => one[1] ?? '');
}

/** The texts of a step that variables may stand in. */
export function textsOf(step: StepSource): readonly string[] {
  return [
    step.title,
    step.instructions,
    step.expected,
    step.command ?? '',
    step.subject ?? '',
    ...(step.gates ?? []).flatMap((gate) => [
      gate.subject,
      ...(gate.match ?? []).map((one) => String(one.equals ?? '')),
    ]),
  ];
}

/**
 * Puts the values in place of the marks, once and for the whole run.
 * @param values null leaves the marks where they are
 * @throws VariableError naming the variable, what it is for, and what is wrong
 */
export function resolveVariables(
  source: RunbookSource,
  values: Readonly<Record<string, string>> | null,
): { readonly resolved: RunbookSource; readonly settled: readonly RunbookVariable[] } {
  const variables = source.variables ?? [];
  if (values === null)
    return {
      resolved: source,
      settled: variables.map(({ name, title }) => ({ name, title: title.normalize('NFC'), value: '' })),
    };
  const unknown = Object.keys(values).find((name) => !variables.some((one) => one.name === name));
  if (unknown !== undefined)
    throw new VariableError(
      `there is no variable "${sanitiseLine(unknown, 60)}" in this runbook${variables.length === 0 ? '' : `; there are: ${variables.map((one) => one.name).join(', ')}`}`,
    );
  const settled = variables.map((one) => ({
    name: one.name,
    title: one.title.normalize('NFC'),
    value: settle(one, values[one.name]),
  }));
  const table = new Map(settled.map((one) => [one.name, one.value]));
  const put = (text: string): string => text.replace(MARK, (mark, name: string) => table.get(name) ?? mark);
  const steps = source.steps.map((step) => putInto(step, put));
  return { resolved: { ...source, title: put(source.title), steps }, settled };
}

function settle(
  { name, title, pattern, default: fallback }: VariableSource,
  given: string | undefined,
): string {
  const value = (given ?? fallback ?? '').trim().normalize('NFC');
  const what = `${name} (${sanitiseLine(title, 120)})`;
  if (value === '') throw new VariableError(`${what} has no value: open it with "run ID ${name}=VALUE"`);
  if (value.length > MAX_VALUE || hasHostile(value))
    throw new VariableError(
      `the value of ${what} is longer than ${MAX_VALUE} characters or holds invisible ones`,
    );
  if (marksIn(value).length > 0) throw new VariableError(`the value of ${what} is a variable itself`);
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value))
    throw new VariableError(`"${sanitiseLine(value, 80)}" does not fit ${what}: it must match ${pattern}`);
  return value;
}

function putInto(step: StepSource, put: (text: string) => string): StepSource {
  return {
    ...step,
    title: put(step.title),
    instructions: put(step.instructions),
    expected: put(step.expected),
    ...(step.command === undefined ? {} : { command: put(step.command) }),
    ...(step.subject === undefined ? {} : { subject: subjectOf(put(step.subject)) }),
    ...(step.gates === undefined
      ? {}
      : {
          gates: step.gates.map((gate) => ({
            ...gate,
            subject: subjectOf(put(gate.subject)),
            ...(gate.match === undefined
              ? {}
              : {
                  match: gate.match.map((one) =>
                    typeof one.equals === 'string' ? { ...one, equals: put(one.equals) } : one,
                  ),
                }),
          })),
        }),
  };
}

function subjectOf(text: string): string {
  if (SUBJECT.test(text)) return text;
  throw new VariableError(
    `"${sanitiseLine(text, 80)}" is no subject: letters, digits, dot, dash and underscore only`,
  );
}
