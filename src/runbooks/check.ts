import { hasHostile } from '../model/index.ts';
import type { RunbookError } from './errors.ts';
import type { RunbookSource, StepSource } from './source.ts';
import { marksIn, textsOf } from './variables.ts';

type Path = readonly (string | number)[];
type At = (path: Path, message: string) => RunbookError;

/**
 * What a schema can not say: names that are used twice or lead nowhere, texts that hide something, expectations without a probe.
 * @throws RunbookError at the place of the first fault
 */
export function checkMeaning(source: RunbookSource, at: At): void {
  const seen = new Set<string>();
  for (const [index, step] of source.steps.entries()) {
    const path = ['steps', index] as const;
    if (seen.has(step.id)) throw at([...path, 'id'], `the step id "${step.id}" is used twice`);
    seen.add(step.id);
    checkTexts(step, path, at);
    checkFailure(source, step, path, at);
    checkMatches(step, path, at);
  }
  checkBranches(source, at);
  checkVariables(source, at);
}

function checkTexts(step: StepSource, path: Path, at: At): void {
  for (const key of ['title', 'expected', 'command'] as const) {
    const value = step[key];
    if (value !== undefined && hasHostile(value.replaceAll('\n', ' ')))
      throw at([...path, key], `${key} holds invisible or control characters`);
  }
  if (hasHostile(step.instructions.replaceAll('\n', ' ')))
    throw at([...path, 'instructions'], 'instructions hold invisible or control characters');
}

function checkFailure(source: RunbookSource, step: StepSource, path: Path, at: At): void {
  const action = step.on_failure;
  if (action === undefined) return;
  const place = [...path, 'on_failure'];
  if (action.action !== 'back-out') {
    if (action.step !== undefined)
      throw at([...place, 'step'], `only the action back-out leads to a step, "${action.action}" does not`);
    return;
  }
  if (step.back_out !== undefined)
    throw at(place, 'a step of a back-out branch can not back out itself: retry or abort');
  if (action.step === undefined) throw at(place, 'back-out needs the step to go to');
  const target = source.steps.find((one) => one.id === action.step);
  if (target === undefined) throw at([...place, 'step'], `there is no step "${action.step}"`);
  if (target.back_out === undefined)
    throw at([...place, 'step'], `step "${action.step}" is in no back-out branch: give it "back_out"`);
}

function checkMatches(step: StepSource, path: Path, at: At): void {
  for (const [index, gate] of (step.gates ?? []).entries())
    if ((gate.match ?? []).length > 0 && gate.probe === undefined)
      throw at([...path, 'gates', index], 'an expected value needs the probe that shows it: give "probe"');
}

function checkBranches(source: RunbookSource, at: At): void {
  if (source.steps.every((one) => one.back_out !== undefined))
    throw at(['steps'], 'every step is in a back-out branch, so there is no way to go');
  const entered = new Set(
    source.steps.map((one) => source.steps.find(({ id }) => id === one.on_failure?.step)?.back_out),
  );
  for (const [index, step] of source.steps.entries())
    if (step.back_out !== undefined && !entered.has(step.back_out))
      throw at(['steps', index, 'back_out'], `no failure leads to the back-out branch "${step.back_out}"`);
}

function checkVariables(source: RunbookSource, at: At): void {
  const names = (source.variables ?? []).map((one) => one.name);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      throw at(['variables', index, 'name'], `the variable "${name}" is named twice`);
  const used = new Set(marksIn(source.title));
  const stray = [...used].find((name) => !names.includes(name));
  if (stray !== undefined)
    throw at(['title'], `{{${stray}}} is no variable of this runbook: name it under "variables"`);
  for (const [index, step] of source.steps.entries())
    for (const name of textsOf(step).flatMap(marksIn)) {
      used.add(name);
      if (!names.includes(name))
        throw at(['steps', index], `{{${name}}} is no variable of this runbook: name it under "variables"`);
    }
  for (const [index, name] of names.entries())
    if (!used.has(name)) throw at(['variables', index, 'name'], `the variable "${name}" is never used`);
}
