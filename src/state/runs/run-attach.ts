import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { evidenceText, sha256Hex } from '../../evidence/record/canonical.ts';
import type { Observation, Step, SubjectId } from '../../model/index.ts';
import { redact } from '../../probes/redact.ts';
import { ATTACHED_PROBE } from '../../runbooks/index.ts';
import type { AttachRequest } from '../backend.ts';
import { RunError } from './run-in-hand.ts';

/** Largest output that is kept whole, in bytes; of a longer one the end is kept, where commands say how it went. */
export const MAX_ATTACHED_BYTES = 1024 * 1024;
/** Largest file that is looked at, in bytes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** A value in quotes, with the blanks in it, or one word. */
const VALUE = /(?:"(?:[^"\\]|\\[\s\S]){0,65536}"?|'[^']{0,65536}'?|\S{1,65536})/.source;

/** A value that `redact` took out before; it is not counted twice. */
const DONE = /^\\?["']?\[redacted\][\\"',;})]{0,8}$/;

/**
 * Secrets as people paste them: settings and arguments, besides what probes redact. The name is counted in the record. Bounds as in
 * `redact`, so that time grows as the text does.
 */
const PASTED: readonly (readonly [rule: string, pattern: RegExp])[] = [
  [
    'setting',
    new RegExp(
      `(?<![A-Za-z0-9_])([A-Za-z0-9_]{0,64}?(?:PASSWORD|PASSPHRASE|SECRET|TOKEN|PRIVATE[_-]?KEY|API[_-]?KEY)[A-Za-z0-9_]{0,64}\\\\?["']?\\s{0,8}[=:]\\s{0,8})${VALUE}`,
      'gi',
    ),
  ],
  [
    'argument',
    new RegExp(`(--(?:password|passphrase|secret|token|private-key|api-key)(?:=|\\s{1,8}))${VALUE}`, 'gi'),
  ],
  ['url-user', /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,31}:\/\/[^\s/:@]{0,256}:)[^\s/@]{1,4096}(?=@)/gi],
];

/** An output ready to be recorded. */
export interface Attachment {
  readonly observation: Observation;
  readonly bytes: Uint8Array;
}

/**
 * Makes an observation of what an operator brings: the output of a command that they ran elsewhere. It proves nothing about the subject
 * (level none); it is kept, named by digest, and covered by the next signature.
 * @throws RunError when the file can not be read or nothing is in it
 */
export async function attachmentOf(
  step: Step,
  runbookId: string,
  vantage: string,
  request: AttachRequest,
): Promise<Attachment> {
  const started = new Date().toISOString();
  const whole = request.path === null ? Buffer.from(request.text) : await contentOf(request.path);
  if (whole.length === 0 && request.exitCode === null)
    throw new RunError('there is nothing to attach: no text and no exit code');
  const cleaned = redact(whole);
  const pasted = redactPasted(Buffer.from(cleaned.bytes).toString('latin1'));
  const clean = Buffer.from(pasted.text, 'latin1');
  const truncated = clean.length > MAX_ATTACHED_BYTES;
  const bytes = truncated ? clean.subarray(clean.length - MAX_ATTACHED_BYTES) : clean;
  const name = request.path === null ? 'pasted text' : basename(request.path);
  const unexpected = request.exitCode !== null && request.exitCode !== step.expectExit;
  const observation: Observation = {
    probe: ATTACHED_PROBE,
    subject: step.subject ?? (`program:${runbookId}` as SubjectId),
    endpoint: 'operator',
    level: 'none',
    request: step.command === null ? 'brought by the operator' : evidenceText(step.command, 1_000),
    answer: {
      class: request.exitCode === null || request.exitCode === 0 ? 'ok' : 'exit',
      ...(request.exitCode === null ? {} : { code: request.exitCode }),
      facts: { name: evidenceText(name, 200), lines: lineCount(bytes) },
      checks:
        request.exitCode === null
          ? []
          : [
              {
                id: 'exit-code',
                result: unexpected ? 'fail' : 'pass',
                reason: `ended with ${request.exitCode}; expected ${step.expectExit}`,
                next: unexpected ? 'read the output, and say in the note what it means' : '',
              },
            ],
    },
    vantage,
    started,
    ended: new Date().toISOString(),
    raw:
      bytes.length === 0
        ? null
        : {
            sha256: sha256Hex(bytes).slice(2),
            bytes: bytes.length,
            truncated,
            redactions: [...cleaned.redactions, ...pasted.redactions],
          },
  };
  return { observation, bytes };
}

function redactPasted(input: string): {
  readonly text: string;
  readonly redactions: readonly { readonly rule: string; readonly count: number }[];
} {
  let text = input;
  const redactions: { rule: string; count: number }[] = [];
  for (const [rule, pattern] of PASTED) {
    let count = 0;
    text = text.replace(pattern, (whole, before: string) => {
      if (DONE.test(whole.slice(before.length))) return whole;
      count += 1;
      return `${before}[redacted]`;
    });
    if (count > 0) redactions.push({ rule, count });
  }
  return { text, redactions };
}

function lineCount(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  const ended = bytes.at(-1) === 0x0a ? 0 : 1;
  return bytes.reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), ended);
}

async function contentOf(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES)
      throw new RunError(`${path} holds ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof RunError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new RunError(
      code === 'ENOENT' ? `there is no file ${path}` : `${path} can not be read (${code ?? 'error'})`,
    );
  }
}
