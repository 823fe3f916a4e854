import { keccak256 } from 'ethers/crypto';
import { id, type TypedDataDomain, TypedDataEncoder, type TypedDataField } from 'ethers/hash';
import type { Hex } from '../../model/json.ts';
import type { DetachedSignature, LineRef, RecordBody } from '../../model/record.ts';
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

/** Hashes that come back all the time: of types, of domains, of names and other short texts. */
const typeHashes = new Map<string, string>();
const domains = new Map<unknown, string>();
const texts = new Map<string, string>();
const MAX_KEPT = 500;
const MAX_KEPT_TEXT = 100;

function kept<K>(map: Map<K, string>, key: K, make: () => string): string {
  const known = map.get(key);
  if (known !== undefined) return known;
  if (map.size >= MAX_KEPT) map.clear();
  const made = make();
  map.set(key, made);
  return made;
}

/**
 * hashStruct of EIP-712 for the flat types above, which hold strings, bytes32 and uint64 only. As ethers' own encoder, which
 * takes types of any shape, but several times as fast.
 */
function structHash({ types, primaryType, message }: TypedData): Hex {
  const typeHash = kept(typeHashes, primaryType, () =>
    id(TypedDataEncoder.from(types).encodeType(primaryType)),
  );
  let words = typeHash;
  for (const { name, type } of types[primaryType] ?? []) words += wordOf(type, message[name] ?? '');
  return keccak256(Buffer.from(words.slice(2), 'hex')) as Hex;
}

function wordOf(type: string, value: string | number): string {
  if (type === 'uint64') return BigInt(value).toString(16).padStart(64, '0');
  const text = String(value);
  if (type === 'bytes32') {
    if (!/^0x[0-9a-f]{64}$/.test(text)) throw new TypeError('not 32 bytes in hexadecimal');
    return text.slice(2);
  }
  return (text.length > MAX_KEPT_TEXT ? id(text) : kept(texts, text, () => id(text))).slice(2);
}

/** The 32 bytes that are signed: keccak-256 of 0x1901, domain hash and message hash. */
export function digestOfTyped(typed: TypedData): Hex {
  const { domainHash, messageHash } = walletHashes(typed);
  return keccak256(`0x1901${domainHash.slice(2)}${messageHash.slice(2)}`) as Hex;
}

/** Digest of a signed record. */
export function digestOf(body: RecordBody, bodyBytes: Uint8Array, estateId: string): Hex {
  return digestOfTyped(typedDataOf(body, bodyBytes, estateId));
}

/** The two hashes that hardware wallets show. */
export function walletHashes(typed: TypedData): { readonly domainHash: Hex; readonly messageHash: Hex } {
  return {
    domainHash: kept(domains, typed.domain.salt, () => TypedDataEncoder.hashDomain(typed.domain)) as Hex,
    messageHash: structHash(typed),
  };
}
