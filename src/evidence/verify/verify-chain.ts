import { blockOfRlp, ExtraDataError, HeaderError, proveBlock, type ValidatorPin } from '../../chain/index.ts';
import type { JsonObject } from '../../model/json.ts';
import type { JournalState } from '../grammar.ts';
import { blockTime, checkAnchor } from '../outside/anchor.ts';
import { AnchorError } from '../record/anchor-tx.ts';
import { findKey, nameOf, type TrustStore } from '../trust/trust.ts';
import type { SessionBytes } from './verify-read.ts';
import { EXIT, type TimeBracket, type VerifyFinding, VerifyStop } from './verify-report.ts';

/** A clock of the estate and one of the chain may differ by this much before it is said. */
const CLOCK_MS = 60_000;

export interface ChainBracket {
  readonly findings: readonly VerifyFinding[];
  /** Times of blocks that a quorum of the pinned validators sealed. */
  readonly bracket: TimeBracket;
}

/**
 * V13: what Chain 138 itself says of the session's time. A block header in a record shows that the record came after that block; an
 * anchor beside the journal shows that the seal came before its block. Both count against the pinned validators only, and both are
 * the word of the same estate.
 * @throws VerifyStop 20 for an anchor that does not hold; 30 for one that other validators sealed
 */
export function checkChain(bytes: SessionBytes, state: JournalState, store: TrustStore | null): ChainBracket {
  const pinned = store?.body.chain ?? null;
  const pin: ValidatorPin | null =
    pinned === null ? null : { validators: pinned.validators, fromBlock: pinned.from_block };
  const findings: VerifyFinding[] = [];
  const note = (severity: VerifyFinding['severity'], text: string, line: number | null = null): void => {
    findings.push({ step: 'V13', severity, line, text });
  };
  const notBefore = headers(state, pin, note);
  const notAfter = anchors(bytes, state, store, pin, note);
  if (notBefore !== null && notAfter !== null)
    note(
      'info',
      `by Chain 138 itself, the same estate: opened after ${notBefore}, sealed before ${notAfter}`,
    );
  return { findings, bracket: { notBefore, notAfter } };
}

type Note = (severity: VerifyFinding['severity'], text: string, line?: number | null) => void;

/** @returns the time of the first block that was proven: the session is not older */
function headers(state: JournalState, pin: ValidatorPin | null, note: Note): string | null {
  let first: string | null = null;
  for (const body of state.bodies) {
    const header =
      body.kind === 'open'
        ? body.open.chain_header
        : body.kind === 'checkpoint'
          ? body.checkpoint.chain_header
          : null;
    if (header === null) continue;
    const line = body.seq + 1;
    const read = readChainHeader(header, pin);
    if ('problem' in read) {
      note('warn', `the block header in record ${body.seq} proves nothing: ${read.problem}`, line);
      continue;
    }
    const { at, number } = read;
    note('info', `record ${body.seq} came after block ${number} of ${at}`, line);
    if (Date.parse(at) > Date.parse(body.at) + CLOCK_MS)
      note('warn', `record ${body.seq} says it was made at ${body.at}, before that block`, line);
    first ??= at;
  }
  return first;
}

/** Reads the header that a record carries, `{rlp}`, and proves it. */
export function readChainHeader(
  header: JsonObject,
  pin: ValidatorPin | null,
): { readonly at: string; readonly number: string } | { readonly problem: string } {
  const { rlp } = header;
  if (typeof rlp !== 'string') return { problem: 'it has no rlp' };
  try {
    const proof = proveBlock(blockOfRlp(rlp), pin);
    if (proof.verdict === 'self-consistent') return { problem: 'no validators are pinned' };
    if (proof.verdict !== 'proven') return { problem: proof.reasons.join('; ') };
    return { at: blockTime(proof), number: proof.number };
  } catch (error) {
    if (error instanceof HeaderError || error instanceof ExtraDataError || error instanceof AnchorError)
      return { problem: error.message };
    throw error;
  }
}

/** @returns the time of the earliest block that holds an anchor: the seal is not younger */
function anchors(
  bytes: SessionBytes,
  state: JournalState,
  store: TrustStore | null,
  pin: ValidatorPin | null,
  note: Note,
): string | null {
  let earliest: string | null = null;
  for (const [name, file] of bytes.anchors) {
    const { seal } = state;
    if (seal === null)
      throw new VerifyStop(EXIT.tampered, 'V13', `${name} anchors a journal that is not sealed`);
    const anchored = orTampered(name, () =>
      checkAnchor(name, file, { session: seal.session, lineSha256: state.hashes.at(-1) ?? '0x' }, pin),
    );
    const { block, by, at } = anchored;
    if (block.verdict !== 'proven') {
      unproven(name, file, anchored.block, pin, note);
      continue;
    }
    const key = store === null ? null : findKey(store, by.from);
    if (store === null || key === null) {
      note(
        'warn',
        `${name}: sent by ${by.from}, whom the trust store does not know, so it counts for nothing`,
      );
      continue;
    }
    note(
      'info',
      `${name}: anchored, same estate: the seal was on Chain 138 by block ${block.number} of ${at}, sealed by ${block.committers.length} of ${block.validators.length} pinned validators; sent by ${nameOf(store, key.person) ?? key.person}`,
    );
    if (Date.parse(at) < Date.parse(seal.at) - CLOCK_MS)
      note('warn', `${name}: the seal says it was made at ${seal.at}, after the block that holds it`);
    if (earliest === null || at < earliest) earliest = at;
  }
  return earliest;
}

function unproven(
  name: string,
  file: Uint8Array,
  block: { readonly reasons: readonly string[]; readonly contractMode: boolean },
  pin: ValidatorPin | null,
  note: Note,
): void {
  if (block.reasons.length === 0 || (pin === null && block.contractMode)) {
    note('warn', `${name}: holds, but the trust store pins no validators, so it counts for nothing`);
    return;
  }
  const reasons = block.reasons.join('; ');
  if (pin !== null && sealedByOthers(file))
    throw new VerifyStop(
      EXIT.untrusted,
      'V13',
      `${name}: its block is not the pinned validators': ${reasons}`,
    );
  throw new VerifyStop(EXIT.tampered, 'V13', `${name}: its block does not hold: ${reasons}`);
}

/** A block that its own validators sealed well enough, whoever they are. */
function sealedByOthers(file: Uint8Array): boolean {
  const { header } = JSON.parse(Buffer.from(file).toString('utf8')) as { header: string };
  return proveBlock(blockOfRlp(header), null).verdict === 'self-consistent';
}

function orTampered<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AnchorError)) throw error;
    throw new VerifyStop(EXIT.tampered, 'V13', `${name}: ${error.message}`);
  }
}
