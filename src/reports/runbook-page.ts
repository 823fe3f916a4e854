import type { Runbook, Step } from '../model/index.ts';
import type { Block } from './run-document.ts';

/** Blanks of a step that is worked by hand. */
const BLANKS = ['answer', 'by', 'at (UTC)', 'witness', 'note'];

/** A runbook to be read, printed and filled in by hand where no console is. */
export function runbookPage(runbook: Runbook, sourceSha256: string): readonly Block[] {
  const way = runbook.steps.filter((one) => one.backOut === null);
  const branches = [...new Set(runbook.steps.flatMap((one) => one.backOut ?? []))];
  return [
    { kind: 'heading', level: 1, text: runbook.title },
    {
      kind: 'text',
      text: `${runbook.id} ${runbook.version}, definition ${sourceSha256}.${runbook.origin === 'bundled-default' ? " Bundled default, not the operators' own text." : ''}`,
    },
    { kind: 'list', items: runbook.references },
    { kind: 'blanks', labels: ['window', 'performer', 'witness', 'approver', 'began (UTC)'] },
    ...variableBlocks(runbook),
    ...way.flatMap((step, index) => stepBlocks(step, `${index + 1}. `, runbook)),
    ...branches.flatMap((name): readonly Block[] => [
      { kind: 'heading', level: 2, text: `Back-out: ${name}` },
      {
        kind: 'text',
        text: 'Only after a failure that leads here. Then somebody decides: try the failed step again, or abort.',
      },
      ...runbook.steps.filter((one) => one.backOut === name).flatMap((step) => stepBlocks(step, '', runbook)),
    ]),
    { kind: 'heading', level: 2, text: 'End' },
    { kind: 'blanks', labels: ['ended (UTC)', 'open items', 'performer', 'witness', 'approver'] },
  ];
}

function variableBlocks({ variables }: Runbook): readonly Block[] {
  if (variables.length === 0) return [];
  const settled = variables.filter((one) => one.value !== '');
  const open = variables.filter((one) => one.value === '');
  return [
    { kind: 'heading', level: 2, text: 'Settled at the beginning' },
    { kind: 'list', items: settled.map((one) => `${one.title} ({{${one.name}}}): ${one.value}`) },
    ...(open.length === 0
      ? []
      : [{ kind: 'blanks' as const, labels: open.map((one) => `${one.title} ({{${one.name}}})`) }]),
  ];
}

function stepBlocks(step: Step, number: string, runbook: Runbook): readonly Block[] {
  const marks = [
    step.mode,
    ...(step.subject === null ? [] : [step.subject]),
    ...(step.critical ? ['critical'] : []),
    ...(step.optional && step.backOut === null ? ['optional'] : []),
    ...(step.approval ? ['another person approves'] : step.witness ? ['another person witnesses'] : []),
    ...(step.budgetMinutes === null ? [] : [`${step.budgetMinutes} minutes`]),
  ];
  const gates = step.gates.map(
    (gate) =>
      `Probes must show: ${gate.subject} ${gate.expectHealth.join(' or ')}${gate.match.map((one) => `, ${gate.probe} ${one.fact} ${one.is.replace('_', ' ')} ${one.value}`).join('')}`,
  );
  return [
    { kind: 'heading', level: 3, text: `${number}${step.pause ? 'PAUSE: ' : ''}${step.title}` },
    { kind: 'text', text: `[${marks.join(', ')}]` },
    { kind: 'text', text: step.instructions },
    ...(step.command === null
      ? []
      : step.command.split('\n').map((text): Block => ({ kind: 'command', text }))),
    { kind: 'text', text: `Expected: ${step.expected}` },
    { kind: 'list', items: [...gates, ...failureOf(step, runbook)] },
    {
      kind: 'blanks',
      labels: step.pause
        ? ['go / no-go', ...BLANKS.slice(1)]
        : [
            `${BLANKS[0]} (${step.verdicts.map((one) => one.replaceAll('_', ' ')).join(', ')})`,
            ...BLANKS.slice(1),
          ],
    },
  ];
}

function failureOf({ onFailure }: Step, runbook: Runbook): readonly string[] {
  if (onFailure.action === 'retry') return [];
  if (onFailure.action === 'abort') return ['If it fails: stop.'];
  const target = runbook.steps.find((one) => one.id === onFailure.step);
  return [`If it fails: back out, to "${target?.title ?? onFailure.step}".`];
}
