import { evidenceText } from '../../evidence/record/canonical.ts';
import type { Actor, Hex, JsonObject, RecordBody } from '../../model/index.ts';
import { openBody, type Position, resumeBody } from './run-bodies.ts';
import { type Run, RunError } from './run-in-hand.ts';

/** What the first record of a program's work in a session is made in. */
export interface BeginContext {
  readonly at: Position;
  readonly actor: Actor;
  readonly estateId: string;
  readonly trustSha256: Hex;
  /** What only an opening asks for: the seal of the session before it here, and a recent header of the estate's chain. */
  readonly prevSeal: () => Promise<Hex | null>;
  readonly chainHeader: () => Promise<JsonObject | null>;
}

/**
 * The record that begins the work: the opening of a new session, or the taking up of one that is there.
 * @param note why somebody goes on although the definition was changed, or a mirror is left out
 * @throws RunError when such a reason is missing, or the run has begun
 */
export async function beginBody(run: Run, note: string, context: BeginContext): Promise<RecordBody> {
  if (run.begun) throw new RunError('this run has begun already');
  const { at, actor, estateId, trustSha256 } = context;
  if (run.journal !== null) return takingUp(run, note, context, run.journal.next.prev);
  if (run.compiled === null) throw new RunError('the runbook of this run is gone; open it again');
  return openBody(at, actor, {
    estateId,
    trustSha256,
    compiled: run.compiled,
    prevSeal: await context.prevSeal(),
    chainHeader: await context.chainHeader(),
  });
}

function takingUp(
  run: Run,
  note: string,
  { at, actor, trustSha256 }: BeginContext,
  lastLine: Hex,
): RecordBody {
  const changed = run.takingUp?.changed ?? null;
  if (changed !== null && note.trim() === '')
    throw new RunError(`${changed}. Going on with the session's own text wants a reason: begin REASON`);
  const without = run.takingUp?.oneCopy ?? null;
  if (without !== null && note.trim() === '')
    throw new RunError(
      `the mirror ${without} is left out. Going on on one copy wants a reason: begin REASON`,
    );
  const open = run.records.find((one) => one.kind === 'open');
  if (open === undefined) throw new RunError('the session was never opened');
  const { id, version, sha256 } = open.open.runbook;
  return resumeBody(at, actor, {
    last_line_sha256: lastLine,
    torn: run.takingUp?.torn ?? null,
    from_mirror: run.takingUp?.fromMirror ?? false,
    runbook: { id, version, sha256 },
    trust_sha256: trustSha256,
    note: evidenceText(
      [
        ...accepted(changed),
        ...accepted(without === null ? null : `on one copy, without the mirror ${without}`),
        note,
      ].join(''),
    ),
  });
}

/** What the operator goes on in spite of, in words before their reason. */
function accepted(what: string | null): readonly string[] {
  return what === null ? [] : [`${what}. Accepted: `];
}
