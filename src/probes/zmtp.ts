/** ZMTP 3 greeting (rfc.zeromq.org 23/ZMTP and 37/ZMTP): 64 bytes, sent by both sides. */

const GREETING = 64;
const MECHANISM_AT = 12;
const MECHANISM_LENGTH = 20;

/** Our greeting: signature, version 3.0, mechanism CURVE, not a server. */
export function zmtpGreeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.set(new TextEncoder().encode('CURVE'), MECHANISM_AT);
  return bytes;
}

/** What somebody who was greeted in ZMTP said first. */
export type ZmtpReading =
  | { readonly kind: 'zmtp'; readonly mechanism: string; readonly version: number }
  /** The ten bytes that every libzmq listener sends unasked, and no more. */
  | { readonly kind: 'zmtp-signature' }
  | { readonly kind: 'http' }
  | { readonly kind: 'other' }
  | { readonly kind: 'silent' };

/** Reads the first bytes. The filler and the as-server byte are not looked at: libzmq leaves them as it likes. */
export function readZmtp(bytes: Uint8Array): ZmtpReading {
  if (bytes.length === 0) return { kind: 'silent' };
  if (new TextDecoder('latin1').decode(bytes.subarray(0, 5)) === 'HTTP/') return { kind: 'http' };
  const signed = bytes[0] === 0xff && bytes.length >= 10 && ((bytes[9] ?? 0) & 1) === 1;
  if (!signed) return { kind: 'other' };
  const version = bytes[10];
  if (version === undefined || bytes.length < MECHANISM_AT + MECHANISM_LENGTH)
    return { kind: 'zmtp-signature' };
  if (version < 3) return { kind: 'other' };
  const field = bytes.subarray(MECHANISM_AT, MECHANISM_AT + MECHANISM_LENGTH);
  const end = field.indexOf(0);
  const mechanism = new TextDecoder('latin1').decode(end < 0 ? field : field.subarray(0, end));
  return /^[A-Z0-9_+.-]{1,20}$/.test(mechanism) ? { kind: 'zmtp', mechanism, version } : { kind: 'other' };
}
