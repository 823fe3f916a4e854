import type { VerifyFinding, VerifyReport, VerifyStep } from '../evidence/verify/verify-report.ts';
import { mdTable, mdText } from './markdown.ts';

/** What each step of verification asks, in words for people who do not read code. docs/evidence-format.md section 8. */
const QUESTIONS: Readonly<Record<VerifyStep, string>> = {
  V0: 'Are the files plain files of a size that can be read?',
  V1: 'Does the journal consist of whole lines, with nothing behind its seal?',
  V2: 'Is every line in the one form that is accepted?',
  V3: 'Does every line follow the one before it, so that none was changed, removed, added or moved?',
  V4: 'Are the trust stores (who may sign) whole, signed by their roots, in force, and those that the records name?',
  V5: 'Was every signature made with the key that the record names?',
  V6: 'Did each key belong to the person named, was it valid then, and for that role?',
  V7: 'Are the records in an order that the rules allow?',
  V8: 'Is the runbook the one that was opened, and was every step answered, once, with an answer it allows?',
  V9: 'Are all raw answers of probes there, whole, and no others?',
  V10: 'Did other persons witness and countersign where they had to, and did only the one in charge answer?',
  V11: 'Does no answer claim more than the observations in the journal show?',
  V12: 'Did the clock stay as it was, and was the session short enough?',
  V13: 'Do the seal, the checkpoints and the proofs from outside fit the journal?',
  V14: 'What do all these come to?',
};

const LEVELS: Readonly<Record<VerifyReport['assurance'], string>> = {
  L0: 'nothing: it was not verified, or nobody is trusted to have signed it',
  L1: 'signed by a known person; nobody else vouches for it',
  L2: 'signed, and witnessed or countersigned by another person on another machine',
  L3: 'as L2 or L1, and an authority outside the estate says that it existed at a certain time',
};

const LIMITS = [
  'That what was written down is true. Signatures show who said what, in which order, and that nothing was changed since.',
  'That nothing was left out before it was written down, or that an open session has no more records than this copy.',
  'That the clock was right: times are those of the machine, unless an authority outside bounds them.',
  'That nobody else used the key. Whoever holds a key and its passphrase signs as its holder.',
  'That the persons were free to say something else.',
];

/** When and with what the report was made. */
export interface VerifiedBy {
  /** Name and version of the program. */
  readonly tool: string;
  readonly at: string;
  /** SHA-256 of the journal, `0x…`. */
  readonly journalSha256: string;
}

/** The result of a verification as Markdown that stands by itself, for readers who do not know the program. */
export function verifyDocument(report: VerifyReport, by: VerifiedBy): string {
  const lines = [
    '# Verification of an evidence session',
    '',
    ...(report.estateId?.startsWith('demo:') === true
      ? ['**SIMULATED: this is evidence about the simulated estate, and about no real one.**', '']
      : []),
    ...mdTable(
      ['', ''],
      [
        ['session', report.session ?? 'unknown'],
        ['estate', report.estateId ?? 'unknown'],
        ['runbook', report.runbook === null ? 'unknown' : `${report.runbook.id} ${report.runbook.version}`],
        ['opened', report.openedAt ?? 'unknown'],
        ['sealed', report.sealedAt ?? 'never'],
        ['records', String(report.records)],
        ['follows the session whose seal is', report.prevSeal ?? 'it names none'],
        ['SHA-256 of journal.jsonl', by.journalSha256],
        ['read from', report.path],
        ['checked', `${by.at} with ${by.tool}`],
      ],
    ),
    '',
    '## Result',
    '',
    `**${mdText(report.verdict)}** (exit code ${report.exitCode}).`,
    '',
    `Assurance level ${report.assurance}: ${LEVELS[report.assurance]}.`,
    '',
    ...section('## Who signed', mdTable(['person', 'key', 'records'], signers(report))),
    '## What was asked',
    '',
    ...mdTable(['step', 'question', 'answer'], questions(report)),
    '',
    ...section(
      '## What was found',
      mdTable(
        ['step', 'weight', 'line', 'finding'],
        report.findings.map((one) => [one.step, WEIGHTS[one.severity], String(one.line ?? ''), one.text]),
      ),
    ),
    ...section(
      '## Left open',
      report.openItems.map((one) => `- ${mdText(one)}`),
    ),
    ...section('## When, by Chain 138 itself (the word of the same estate)', times(report)),
    '## What this does not show',
    '',
    ...LIMITS.map((one) => `- ${one}`),
    '',
    '## Checking it again without this program',
    '',
    'The format is described in docs/evidence-format.md, in enough detail to write a verifier from it; docs/auditor-guide.md shows how to check',
    'single signatures, the whole journal and its time with ssh-keygen, openssl and cast.',
  ];
  return `${lines.join('\n')}\n`;
}

const WEIGHTS: Readonly<Record<VerifyFinding['severity'], string>> = {
  fail: 'fails',
  warn: 'to be weighed',
  info: 'noted',
};

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, '', ...lines, ''];
}

function signers(report: VerifyReport): readonly (readonly string[])[] {
  return report.signers.map((one) => [`${one.name} (${one.person})`, one.address, String(one.records)]);
}

/** Verification stops at the first hard failure; what it would have asked afterwards is not answered. */
function questions(report: VerifyReport): readonly (readonly string[])[] {
  const stopped = report.exitCode >= 20;
  return (Object.keys(QUESTIONS) as VerifyStep[]).map((step) => {
    const own = report.findings.filter((one) => one.step === step);
    const failed = own.some((one) => one.severity === 'fail');
    const answer = failed
      ? 'NO'
      : stopped
        ? 'not decided: the check stopped where it failed'
        : own.some((one) => one.severity === 'warn')
          ? 'yes, with something to be weighed'
          : 'yes';
    return [step, QUESTIONS[step], step === 'V14' ? report.verdict : answer];
  });
}

function times({ chainTime: { notBefore, notAfter } }: VerifyReport): readonly string[] {
  return [
    ...(notBefore === null ? [] : [`- opened after ${notBefore}`]),
    ...(notAfter === null ? [] : [`- sealed before ${notAfter}`]),
  ];
}
