import type { Hex } from '../../model/json.ts';
import { type Checkpoint, checkpointCode } from '../checkpoint.ts';
import type { JournalState } from '../grammar.ts';
import { EXIT, type VerifyFinding, VerifyStop } from './verify-report.ts';

/**
 * V13: what somebody noted of the session while it was open is still there. This is what finds an end that was cut off.
 * @param rootThen root of as many records as the checkpoint says, or null when there are fewer
 * @throws VerifyStop 20
 */
export function checkNoted(
  state: JournalState,
  noted: Checkpoint | { readonly code: string },
  rootThen: Hex | null,
): VerifyFinding {
  const stop = (text: string): VerifyStop => new VerifyStop(EXIT.tampered, 'V13', text);
  const session = state.open?.session ?? '0x';
  if ('code' in noted) {
    for (const body of state.bodies) {
      if (body.kind !== 'checkpoint') continue;
      const { size, root } = body.checkpoint;
      if (checkpointCode({ session, size, root }) === noted.code)
        return found(size, `the checkpoint ${noted.code} is record ${body.seq}`);
    }
    throw stop(
      `no checkpoint in this journal has the code ${noted.code}: it was cut off before that record, or the code was written down wrongly`,
    );
  }
  if (noted.session !== session) throw stop('the checkpoint is of another session');
  if (rootThen === null)
    throw stop(`CUT OFF: somebody noted ${noted.size} records, and the journal holds ${state.bodies.length}`);
  if (rootThen !== noted.root)
    throw stop(`the first ${noted.size} records are not those that somebody noted`);
  return found(noted.size, 'the checkpoint that was given holds');
}

function found(size: number, text: string): VerifyFinding {
  return {
    step: 'V13',
    severity: 'info',
    line: null,
    text: `${text}: the first ${size} records are those that were there then`,
  };
}
