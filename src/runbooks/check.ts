import { hasHostile } from '../model/index.ts';
import type { Fault, Path } from './schema-words.ts';
import type { RunbookSource, StepSource } from './source.ts';
import { marksIn, textsOf } from './variables.ts';

/** Notes a fault at its place. */
type Note = (path: Path, message: string) => void;

/**
 * What a schema can not say: names that are used twice or lead nowhere, texts that hide something, expectations without a probe.
 * All faults, in no order.
 */
export function meaningFaults(source: RunbookSource): readonly Fault[] {
  const faults: Fault[] = [];
  const note: Note = (path, message) => {
    faults.push({ path, message });
  };
  const seen = new Set<string>();
  checkWords(source, note);
  for (const [index, step] of source.steps.entries()) {
    const path = ['steps', index] as const;
    if (seen.has(step.id)) note([...path, 'id'], `the step id "${step.id}" is used twice`);
    seen.add(step.id);
    checkTexts(step, path, note);
    checkFailure(source, step, path, note);
    checkMatches(step, path, note);
  }
  checkBranches(source, note);
  checkVariables(source, note);
  return faults;
}

const HIDDEN = 'holds invisible or control characters';

function isHiding(text: string | undefined): boolean {
  return text !== undefined && hasHostile(text.replaceAll('\n', ' '));
}

/** The texts of the runbook itself. */
function checkWords(source: RunbookSource, note: Note): void {
  if (isHiding(source.title)) note(['title'], `title ${HIDDEN}`);
  for (const [index, text] of (source.references ?? []).entries())
    if (isHiding(text)) note(['references', index], `reference ${HIDDEN}`);
  for (const [index, one] of (source.variables ?? []).entries())
    for (const key of ['title', 'pattern', 'default'] as const)
      if (isHiding(one[key])) note(['variables', index, key], `${key} ${HIDDEN}`);
}

function checkTexts(step: StepSource, path: Path, note: Note): void {
  for (const key of ['title', 'instructions', 'expected', 'command'] as const)
    if (isHiding(step[key])) note([...path, key], `${key} ${HIDDEN}`);
}

function checkFailure(source: RunbookSource, step: StepSource, path: Path, note: Note): void {
  const action = step.on_failure;
  if (action === undefined) return;
  const place = [...path, 'on_failure'];
  if (action.action !== 'back-out') {
    if (action.step !== undefined)
      note([...place, 'step'], `only the action back-out leads to a step, "${action.action}" does not`);
    return;
  }
  if (step.back_out !== undefined)
    return note(place, 'a step of a back-out branch can not back out itself: retry or abort');
  if (action.step === undefined) return note(place, 'back-out needs the step to go to: give "step"');
  const target = source.steps.find((one) => one.id === action.step);
  if (target === undefined) note([...place, 'step'], `there is no step "${action.step}"`);
  else if (target.back_out === undefined)
    note([...place, 'step'], `step "${action.step}" is in no back-out branch: give it "back_out"`);
}

function checkMatches(step: StepSource, path: Path, note: Note): void {
  for (const [index, gate] of (step.gates ?? []).entries())
    if ((gate.match ?? []).length > 0 && gate.probe === undefined)
      note([...path, 'gates', index], 'an expected value needs the probe that shows it: give "probe"');
}

function checkBranches(source: RunbookSource, note: Note): void {
  if (source.steps.every((one) => one.back_out !== undefined))
    note(['steps'], 'every step is in a back-out branch, so there is no way to go');
  const entered = new Set(
    source.steps.map((one) => source.steps.find(({ id }) => id === one.on_failure?.step)?.back_out),
  );
  for (const [index, step] of source.steps.entries())
    if (step.back_out !== undefined && !entered.has(step.back_out))
      note(['steps', index, 'back_out'], `no failure leads to the back-out branch "${step.back_out}"`);
}

function checkVariables(source: RunbookSource, note: Note): void {
  const names = (source.variables ?? []).map((one) => one.name);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      note(['variables', index, 'name'], `the variable "${name}" is named twice`);
  const used = new Set(marksIn(source.title));
  const strange = (found: readonly string[], path: Path): void => {
    for (const name of new Set(found)) {
      used.add(name);
      if (!names.includes(name))
        note(path, `{{${name}}} is no variable of this runbook: name it under "variables"`);
    }
  };
  strange(marksIn(source.title), ['title']);
  for (const [index, step] of source.steps.entries())
    strange(textsOf(step).flatMap(marksIn), ['steps', index]);
  for (const [index, name] of names.entries())
    if (!used.has(name)) note(['variables', index, 'name'], `the variable "${name}" is never used`);
}
