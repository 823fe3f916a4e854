import { checkpointCode } from '../evidence/checkpoint.ts';
import { type RecordBody, type SignedStep, sanitiseLine } from '../model/index.ts';

/** One record of a session as a line of its timeline: when, number, kind, who, and what it says. */
export function logLine(body: RecordBody): string {
  const who = body.actor === null ? 'machine' : sanitiseLine(body.actor.name, 60);
  return `${body.at}  ${String(body.seq).padStart(4)}  ${body.kind.padEnd(10)}  ${who}: ${sanitiseLine(saysOf(body), 300)}`;
}

/** What a record says, in words. */
export function saysOf(body: RecordBody): string {
  switch (body.kind) {
    case 'open':
      return `opens ${body.open.runbook.id} ${body.open.runbook.version} on ${body.open.estate_id}`;
    case 'probe':
      return `${body.observations.length} observation${body.observations.length === 1 ? '' : 's'}${body.step === null ? '' : ` for ${body.step}`}`;
    case 'event':
      return `${body.event.name}${typeof body.event.detail.text === 'string' ? noteOf(body.event.detail.text) : ''}`;
    case 'confirm':
      return `${stepOf(body)}: ${wordOf(body.verdict)}${noteOf(body.note)}`;
    case 'correction':
      return `corrects record ${body.ref.seq}, ${stepOf(body)}: ${wordOf(body.verdict)}${noteOf(body.note)}`;
    case 'deviation':
      return `deviates at ${stepOf(body)}${noteOf(body.note)}`;
    case 'witness':
      return `${body.witness.name} ${body.witness.meaning} record ${body.ref.seq}, on ${body.witness.host}`;
    case 'handover':
      return `hands over to ${body.to.name}${body.accept === null ? ', who has not accepted' : ''}${noteOf(body.note)}`;
    case 'resume':
      return `takes the session up again${body.resume.torn === null ? '' : `, after a torn tail of ${body.resume.torn.bytes} bytes`}${body.resume.from_mirror ? ', from the second copy' : ''}${noteOf(body.resume.note)}`;
    case 'checkpoint':
      return `checkpoint of ${body.checkpoint.size} records, code ${checkpointCode({ session: body.session, ...body.checkpoint })}${noteOf(body.checkpoint.text)}`;
    case 'seal':
      return `seals ${body.seal.count} records${body.seal.open_items.length === 0 ? '' : `, open: ${body.seal.open_items.join(', ')}`}`;
  }
}

/** Characters of a step's text; what was answered must not be cut off behind it. */
const MAX_STEP = 90;

/** The beginning of what stood on the screen, which is the step's title. */
function stepOf({ step }: { readonly step: SignedStep }): string {
  if (step.text.length <= MAX_STEP) return step.text;
  const cut = step.text.slice(0, MAX_STEP);
  return `${cut.slice(0, cut.lastIndexOf(' ') + 1).trimEnd()}…`;
}

function wordOf(verdict: string): string {
  return verdict.replaceAll('_', ' ');
}

function noteOf(note: string): string {
  return note === '' ? '' : ` ("${note}")`;
}
