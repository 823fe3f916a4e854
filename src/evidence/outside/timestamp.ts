import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { ContentInfo, id_signedData, SignedData, type SignerInfo } from '@peculiar/asn1-cms';
import { AsnConvert, AsnParser, AsnSerializer } from '@peculiar/asn1-schema';
import { TimeStampResp, TSTInfo } from '@peculiar/asn1-tsp';
import type { Certificate } from '@peculiar/asn1-x509';

/**
 * RFC 3161 time stamps over a sealed journal, as any authority gives them and `openssl ts` makes them: somebody outside the estate says
 * that these very bytes existed at a time. A reply counts only under an authority that the checker pinned.
 */

/** A reply that is damaged, is about something else, or does not hold. */
export class TimestampError extends Error {
  override readonly name = 'TimestampError';
}

/** The certificates under which an authority must stand. */
export interface TsaPin {
  readonly roots: readonly X509Certificate[];
}

export interface Timestamp {
  /** Moment that the authority gives, RFC 3339. */
  readonly at: string;
  /** Subject of its certificate, in one line. */
  readonly authority: string;
  /** True when it stands under a pinned certificate. */
  readonly trusted: boolean;
}

const OID = {
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
} as const;
const HASHES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Reads the certificates of a PEM file. @throws TimestampError when there is none */
export function readTsaPin(pem: string): TsaPin {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new TimestampError('there is no certificate in it (PEM)');
  try {
    return { roots: blocks.map((one) => new X509Certificate(one)) };
  } catch {
    throw new TimestampError('a certificate in it can not be read');
  }
}

/** The DER of a request for a digest: what `openssl ts -query` makes, certificate wanted, no nonce. RFC 3161 section 2.4.1. */
export function timestampRequest(sha256: Uint8Array): Uint8Array {
  const oid = Buffer.from('0609608648016503040201', 'hex');
  const algorithm = der(0x30, Buffer.concat([oid, Buffer.from('0500', 'hex')]));
  const imprint = der(0x30, Buffer.concat([algorithm, der(0x04, sha256)]));
  return der(0x30, Buffer.concat([Buffer.from('020101', 'hex'), imprint, Buffer.from('0101ff', 'hex')]));
}

function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  if (length > 0xffff) throw new TimestampError('an attribute in it is too long');
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/**
 * Name of the file that a reply is kept in. It holds the digest of the whole file, since parts of a reply are not signed.
 * @returns `<SHA-256 of the file>.tsr`
 */
export function timestampName(file: Uint8Array): string {
  return `${createHash('sha256').update(file).digest('hex')}.tsr`;
}

/**
 * Checks a reply against the SHA-256 of the sealed journal.
 * @throws TimestampError, whatever the libraries that read keys and certificates throw: a reply is made by anybody
 */
export function checkTimestamp(file: Uint8Array, sha256: Uint8Array, pin: TsaPin | null): Timestamp {
  try {
    return checkReply(file, sha256, pin);
  } catch (error) {
    if (error instanceof TimestampError) throw error;
    throw new TimestampError('a key or a certificate in it can not be read');
  }
}

function checkReply(file: Uint8Array, sha256: Uint8Array, pin: TsaPin | null): Timestamp {
  const { signed, info, infoBytes } = readReply(file);
  if (HASHES[info.messageImprint.hashAlgorithm.algorithm] !== 'sha256')
    throw new TimestampError('it is not over a SHA-256 digest');
  if (Buffer.compare(Buffer.from(info.messageImprint.hashedMessage.buffer), sha256) !== 0)
    throw new TimestampError('it is about other bytes than this journal');
  const [signer] = signed.signerInfos;
  if (signer === undefined || signed.signerInfos.length !== 1)
    throw new TimestampError('it is not signed by exactly one authority');
  const certificates = (signed.certificates ?? []).flatMap((one) =>
    one.certificate === undefined ? [] : [one.certificate],
  );
  const own = certificates.find((one) => isSigner(one, signer));
  if (own === undefined)
    throw new TimestampError(
      'it does not carry the certificate of its signer; ask for one with the certificate',
    );
  checkSignature(signer, own, infoBytes);
  const certificate = new X509Certificate(Buffer.from(AsnSerializer.serialize(own)));
  checkPurpose(own);
  const at = info.genTime;
  if (at < new Date(certificate.validFrom) || at > new Date(certificate.validTo))
    throw new TimestampError('it was given outside the validity of its certificate');
  return {
    at: at.toISOString(),
    authority: certificate.subject.replaceAll('\n', ', '),
    trusted: pin !== null && standsUnder(certificate, certificates, pin, at),
  };
}

interface Reply {
  readonly signed: SignedData;
  readonly info: TSTInfo;
  readonly infoBytes: Uint8Array;
}

function readReply(file: Uint8Array): Reply {
  try {
    const reply = AsnParser.parse(file, TimeStampResp);
    const status = Number(reply.status.status);
    if (status !== 0 && status !== 1) throw new TimestampError(`the authority refused (status ${status})`);
    const token = reply.timeStampToken;
    if (token === undefined) throw new TimestampError('it holds no time stamp');
    const content = AsnConvert.parse(AsnSerializer.serialize(token), ContentInfo);
    if (content.contentType !== id_signedData) throw new TimestampError('its token is not signed data');
    const signed = AsnConvert.parse(content.content, SignedData);
    const { eContentType, eContent } = signed.encapContentInfo;
    const inner = eContent?.single;
    if (eContentType !== OID.tstInfo || inner === undefined)
      throw new TimestampError('its token holds no time stamp');
    const infoBytes = new Uint8Array(inner.buffer);
    return { signed, info: AsnConvert.parse(infoBytes, TSTInfo), infoBytes };
  } catch (error) {
    if (error instanceof TimestampError) throw error;
    throw new TimestampError('it is no RFC 3161 reply that can be read');
  }
}

function isSigner(certificate: Certificate, signer: SignerInfo): boolean {
  const { issuerAndSerialNumber: named } = signer.sid;
  if (named === undefined) return false;
  const { tbsCertificate } = certificate;
  const same = (a: ArrayBuffer, b: ArrayBuffer): boolean =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;
  return (
    same(named.serialNumber, tbsCertificate.serialNumber) &&
    same(AsnSerializer.serialize(named.issuer), AsnSerializer.serialize(tbsCertificate.issuer))
  );
}

/** CMS (RFC 5652 section 5.4): the signature is over the attributes, one of which is the digest of the content. */
function checkSignature(signer: SignerInfo, certificate: Certificate, content: Uint8Array): void {
  const hash = HASHES[signer.digestAlgorithm.algorithm];
  if (hash === undefined) throw new TimestampError('it is signed over a hash that is not accepted');
  const attributes = signer.signedAttrs ?? [];
  const value = (type: string): Uint8Array => {
    const found = attributes.filter((one) => one.attrType === type);
    const [only] = found[0]?.attrValues ?? [];
    if (found.length !== 1 || only === undefined)
      throw new TimestampError('a signed attribute is missing or there twice');
    return new Uint8Array(only);
  };
  const digest = createHash(hash).update(content).digest();
  if (Buffer.compare(Buffer.from(value(OID.messageDigest)).subarray(2), digest) !== 0)
    throw new TimestampError('its content is not the one that was signed');
  if (Buffer.from(value(OID.contentType)).toString('hex') !== '060b2a864886f70d0109100104')
    throw new TimestampError('it was signed as something else than a time stamp');
  const spki = Buffer.from(AsnSerializer.serialize(certificate.tbsCertificate.subjectPublicKeyInfo));
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const signedBytes = attributeBytes(signer);
  let holds: boolean;
  try {
    holds = verify(hash, signedBytes, key, Buffer.from(signer.signature.buffer));
  } catch {
    throw new TimestampError('its signature can not be read');
  }
  if (!holds) throw new TimestampError('its signature does not hold');
}

/** The attributes as they were signed: DER of a SET OF. Where a signer signed another encoding, nothing holds. */
function attributeBytes(signer: SignerInfo): Uint8Array {
  const attributes = (signer.signedAttrs ?? []).map((one) => Buffer.from(AsnSerializer.serialize(one)));
  if (attributes.length === 0) throw new TimestampError('it has no signed attributes');
  return der(0x31, Buffer.concat(attributes));
}

/** RFC 3161 section 2.3: the certificate is for time stamping, critically, and for nothing else. */
function checkPurpose(certificate: Certificate): void {
  const usage = certificate.tbsCertificate.extensions?.find((one) => one.extnID === '2.5.29.37');
  const expected = '300a06082b06010505070308';
  if (
    usage === undefined ||
    Buffer.from(usage.extnValue.buffer).toString('hex') !== expected ||
    !usage.critical
  )
    throw new TimestampError('its certificate is not for time stamping alone');
}

/** A chain of certificates from the reply up to a pinned one, each valid at the moment of the stamp. */
function standsUnder(
  certificate: X509Certificate,
  others: readonly Certificate[],
  pin: TsaPin,
  at: Date,
): boolean {
  const helpers = others.map((one) => new X509Certificate(Buffer.from(AsnSerializer.serialize(one))));
  const valid = (one: X509Certificate): boolean =>
    at >= new Date(one.validFrom) && at <= new Date(one.validTo);
  let current = certificate;
  for (let depth = 0; depth < 8; depth += 1) {
    if (pin.roots.some((root) => root.raw.equals(current.raw))) return true;
    const below = current;
    const signs = (one: X509Certificate): boolean =>
      valid(one) && one.ca && below.checkIssued(one) && below.verify(one.publicKey);
    if (pin.roots.some(signs)) return true;
    const next = helpers.find((one) => !one.raw.equals(below.raw) && signs(one));
    if (next === undefined) return false;
    current = next;
  }
  return false;
}
