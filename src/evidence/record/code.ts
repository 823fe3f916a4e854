import type { Hex } from '../../model/json.ts';

/** Digits and capitals without 0, 1, I and O, which people confuse: 32 signs, five bits each. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const LENGTH = 4;

/**
 * The four characters an operator types to sign: the first 20 bits of the digest to be signed.
 * Since every body holds its time and position, each prompt has a new one.
 * @param digest EIP-712 digest, `0x` and 64 hexadecimal digits
 */
export function codeOf(digest: Hex): string {
  const bits = Number.parseInt(digest.slice(2, 2 + LENGTH * 2), 16) >>> 0;
  let code = '';
  for (let place = 0; place < LENGTH; place += 1) code += ALPHABET[(bits >>> (27 - place * 5)) & 31] ?? '';
  return code;
}

/** Eight characters in two groups, the first 40 bits of a digest: for two people to compare aloud. */
export function groupedCode(digest: Hex): string {
  return `${codeOf(digest)}-${codeOf(`0x${digest.slice(2 + 5)}`)}`;
}

/** True when the typed text is the code; case and surrounding spaces do not matter, nothing else is forgiven. */
export function codeMatches(typed: string, code: string): boolean {
  return typed.trim().toUpperCase() === code;
}
