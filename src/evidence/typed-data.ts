import { type TypedDataDomain, TypedDataEncoder, type TypedDataField } from 'ethers/hash';
import type { Hex } from '../model/json.ts';
import type { DetachedSignature, LineRef, RecordBody } from '../model/record.ts';
import { sha256Hex } from './canonical.ts';

/**
 * What is signed, as EIP-712 typed data. Message values are derived from the body and never stored, so that a
 * field outside the type can not ride along (docs/evidence-format.md section 4).
 */
export interface TypedData {
  readonly domain: TypedDataDomain;
  readonly types: Record<string, TypedDataField[]>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, string | number>>;
}

export const DOMAIN_NAME = 'DBIS Operator Evidence';
export const EVIDENCE_CHAIN_ID = 138;

const RECORD_TYPE: TypedDataField[] = [
  { name: 'kind', type: 'string' },
  { name: 'session', type: 'bytes32' },
  { name: 'seq', type: 'uint64' },
  { name: 'prev', type: 'bytes32' },
  { name: 'person', type: 'string' },
  { name: 'role', type: 'string' },
  { name: 'meaning', type: 'string' },
  { name: 'step', type: 'string' },
  { name: 'verdict', type: 'string' },
  { name: 'at', type: 'string' },
  { name: 'bodyHash', type: 'bytes32' },
];

const WITNESS_TYPE: TypedDataField[] = [
  { name: 'session', type: 'bytes32' },
  { name: 'seq', type: 'uint64' },
  { name: 'lineSha256', type: 'bytes32' },
  { name: 'meaning', type: 'string' },
  { name: 'person', type: 'string' },
  { name: 'at', type: 'string' },
  { name: 'host', type: 'string' },
  { name: 'bootId', type: 'string' },
];

const TRUST_TYPE: TypedDataField[] = [
  { name: 'estate', type: 'string' },
  { name: 'version', type: 'uint64' },
  { name: 'prevSha256', type: 'bytes32' },
  { name: 'bodyHash', type: 'bytes32' },
];

/** The domain: chain 138 and, as salt, SHA-256 of the estate id, so that demo evidence never passes as real. */
export function domainOf(estateId: string): TypedDataDomain {
  return { name: DOMAIN_NAME, version: '1', chainId: EVIDENCE_CHAIN_ID, salt: sha256Hex(estateId) };
}

/** Typed data of a signed record. `step` and `verdict` are empty strings where the kind has none. */
export function typedDataOf(body: RecordBody, bodyBytes: Uint8Array, estateId: string): TypedData {
  const actor = body.actor;
  return {
    domain: domainOf(estateId),
    types: { OperatorRecord: RECORD_TYPE },
    primaryType: 'OperatorRecord',
    message: {
      kind: body.kind,
      session: body.session,
      seq: body.seq,
      prev: body.prev,
      person: actor?.person ?? '',
      role: actor?.role ?? '',
      meaning: actor?.meaning ?? '',
      step: stepIdOf(body),
      verdict: 'verdict' in body ? body.verdict : '',
      at: body.at,
      bodyHash: sha256Hex(bodyBytes),
    },
  };
}

function stepIdOf(body: RecordBody): string {
  if (!('step' in body) || body.step === null) return '';
  return typeof body.step === 'string' ? body.step : body.step.id;
}

/** What a witness says besides the signature itself. */
export type WitnessStatement = Omit<DetachedSignature, 'sig' | 'address' | 'name'>;

/** Typed data of a witness, an accepted handover or a countersignature over one finished line. */
export function witnessTypedData(
  session: Hex,
  ref: LineRef,
  statement: WitnessStatement,
  estateId: string,
): TypedData {
  return {
    domain: domainOf(estateId),
    types: { OperatorWitness: WITNESS_TYPE },
    primaryType: 'OperatorWitness',
    message: {
      session,
      seq: ref.seq,
      lineSha256: ref.line_sha256,
      meaning: statement.meaning,
      person: statement.person,
      at: statement.at,
      host: statement.host,
      bootId: statement.boot_id,
    },
  };
}

/** Typed data of a trust store, over the digest of its exact body bytes. */
export function trustTypedData(
  trust: { readonly estate: string; readonly version: number; readonly prev_sha256: Hex | null },
  bodyBytes: Uint8Array,
): TypedData {
  return {
    domain: domainOf(trust.estate),
    types: { OperatorTrust: TRUST_TYPE },
    primaryType: 'OperatorTrust',
    message: {
      estate: trust.estate,
      version: trust.version,
      prevSha256: trust.prev_sha256 ?? `0x${'00'.repeat(32)}`,
      bodyHash: sha256Hex(bodyBytes),
    },
  };
}

/** The 32 bytes that are signed: keccak-256 of 0x1901, domain hash and message hash. */
export function digestOfTyped(typed: TypedData): Hex {
  return TypedDataEncoder.hash(typed.domain, typed.types, typed.message) as Hex;
}

/** Digest of a signed record. */
export function digestOf(body: RecordBody, bodyBytes: Uint8Array, estateId: string): Hex {
  return digestOfTyped(typedDataOf(body, bodyBytes, estateId));
}

/** The two hashes that hardware wallets show. */
export function walletHashes(typed: TypedData): { readonly domainHash: Hex; readonly messageHash: Hex } {
  return {
    domainHash: TypedDataEncoder.hashDomain(typed.domain) as Hex,
    messageHash: TypedDataEncoder.from(typed.types).hash({ ...typed.message }) as Hex,
  };
}
