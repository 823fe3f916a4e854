import { decodeRlp, encodeRlp, type RlpStructuredDataish } from 'ethers';

/** QBFT extraData as Besu's QbftExtraDataCodec writes it. Addresses and bytes are lower-case hex with `0x`. */
export interface QbftExtraData {
  readonly vanity: string;
  readonly validators: readonly string[];
  readonly vote: { readonly recipient: string; readonly add: boolean } | null;
  readonly round: number;
  /** 65-byte seals r|s|v, v 0 or 1. */
  readonly seals: readonly string[];
}

/** extraData that is not QBFT's: says what is wrong. */
export class ExtraDataError extends Error {
  override readonly name = 'ExtraDataError';
}

const BYTES = /^0x(?:[0-9a-f]{2})*$/;
/** More validators or seals than any QBFT network has; keeps the time for a hostile block small. */
const MOST = 512;

function isBytes(item: unknown, length?: number): item is string {
  return (
    typeof item === 'string' && BYTES.test(item) && (length === undefined || item.length === 2 + 2 * length)
  );
}

/**
 * Decodes extraData: an RLP list of exactly five items, `[vanity, [validators], vote, round, [seals]]`.
 * Look-alikes (IBFT 2, clique, plain text) are refused.
 * @param hex lower-case hex with `0x`
 * @throws ExtraDataError
 */
export function decodeExtraData(hex: string): QbftExtraData {
  if (!isBytes(hex)) throw new ExtraDataError('extraData is not lower-case hexadecimal bytes');
  let decoded: unknown;
  try {
    decoded = decodeRlp(hex);
  } catch {
    throw new ExtraDataError('extraData is not one RLP item; QBFT writes a list');
  }
  if (!Array.isArray(decoded) || decoded.length !== 5)
    throw new ExtraDataError('extraData is not a list of five items, so this is not a QBFT block');
  const [vanity, validators, vote, round, seals] = decoded as unknown[];
  if (!isBytes(vanity, 32)) throw new ExtraDataError('the vanity is not 32 bytes');
  if (!Array.isArray(validators) || !validators.every((one) => isBytes(one, 20)))
    throw new ExtraDataError('the validators are not a list of 20-byte addresses');
  if (!isBytes(round) || round.startsWith('0x00') || round.length > 2 + 8)
    throw new ExtraDataError(
      'the round is not a minimal integer of at most four bytes (IBFT 2 writes four fixed bytes)',
    );
  if (!Array.isArray(seals) || !seals.every((one) => isBytes(one, 65)))
    throw new ExtraDataError('the seals are not a list of 65-byte signatures');
  if (validators.length > MOST || seals.length > MOST)
    throw new ExtraDataError(`more than ${MOST} validators or seals`);
  const data: QbftExtraData = {
    vanity,
    validators: validators as string[],
    vote: decodeVote(vote),
    round: round === '0x' ? 0 : Number(BigInt(round)),
    seals: seals as string[],
  };
  if (encodeExtraData(data) !== hex)
    throw new ExtraDataError('extraData is not in its one canonical encoding');
  return data;
}

function decodeVote(vote: unknown): QbftExtraData['vote'] {
  if (!Array.isArray(vote)) throw new ExtraDataError('the vote is not a list (IBFT 2 writes a string here)');
  if (vote.length === 0) return null;
  const [recipient, kind] = vote as unknown[];
  if (vote.length !== 2 || !isBytes(recipient, 20) || (kind !== '0xff' && kind !== '0x'))
    throw new ExtraDataError('the vote is not [address, 0xff or empty]');
  return { recipient, add: kind === '0xff' };
}

/** Encodes extraData; the inverse of `decodeExtraData`. */
export function encodeExtraData(data: QbftExtraData): string {
  const round = data.round === 0 ? '0x' : toMinimalHex(BigInt(data.round));
  const vote: RlpStructuredDataish =
    data.vote === null ? [] : [data.vote.recipient, data.vote.add ? '0xff' : '0x'];
  return encodeRlp([data.vanity, [...data.validators], vote, round, [...data.seals]]);
}

/** A non-negative integer as minimal big-endian bytes; zero is the empty string. */
export function toMinimalHex(value: bigint): string {
  if (value === 0n) return '0x';
  const hex = value.toString(16);
  return `0x${hex.length % 2 === 0 ? hex : `0${hex}`}`;
}
