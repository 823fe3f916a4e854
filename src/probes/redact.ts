import type { RawRef } from '../model/index.ts';

/**
 * Patterns of secrets that must not be stored, with the name under which a redaction is counted. What a pattern captures stays.
 * They see text of anybody: each part has a bound, and none begins in the middle of a word, so that time grows as the text does.
 */
const RULES: readonly (readonly [rule: string, pattern: RegExp])[] = [
  ['pve-token', /PVEAPIToken=[^\s"']{1,4096}/g],
  ['bearer', /Bearer\s{1,64}[A-Za-z0-9._~+/-]{8,65536}=*/gi],
  [
    'authorization',
    /(authorization\\?["']?\s{0,8}[:=]\s{0,8}\\?["']?(?:Basic|Digest|Negotiate|NTLM|ApiKey|Token)\s{1,8})(?!\[redacted\])[^\s"'\\]{1,65536}/gi,
  ],
  // A few characters before it are allowed, for in JSON a line feed is the letters \n.
  [
    'jwt',
    /(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{0,64}?)eyJ[A-Za-z0-9_-]{8,16384}\.[A-Za-z0-9_-]{8,65536}\.[A-Za-z0-9_-]{0,16384}/g,
  ],
  // Where the end was cut off, all that follows is taken for the key.
  [
    'private-key',
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[\s\S]*)/g,
  ],
  [
    'password-field',
    /("[A-Za-z0-9_.-]{0,64}?(?:password|passwd|passphrase|secret|token|private[_-]?key|api[_-]?key)[A-Za-z0-9_.-]{0,64}"\s{0,64}:\s{0,64}")(?!\[redacted\])(?:[^"\\]|\\[\s\S]){1,65536}/gi,
  ],
];

/**
 * Replaces secrets in a raw answer before it is stored.
 * @param secrets exact strings known to be secret in this request, for example the token itself
 */
export function redact(
  bytes: Uint8Array,
  secrets: readonly string[] = [],
): { readonly bytes: Uint8Array; readonly redactions: RawRef['redactions'] } {
  // Latin-1 keeps every byte as it is, so what is not a secret stays bit for bit.
  let text = Buffer.from(bytes).toString('latin1');
  const redactions: { rule: string; count: number }[] = [];
  const note = (rule: string, count: number): void => {
    if (count > 0) redactions.push({ rule, count });
  };
  for (const secret of secrets) {
    if (secret === '') continue;
    const parts = text.split(secret);
    note('request-secret', parts.length - 1);
    text = parts.join('[redacted]');
  }
  for (const [rule, pattern] of RULES) {
    let count = 0;
    text = text.replace(pattern, (_whole, before: unknown) => {
      count += 1;
      return `${typeof before === 'string' ? before : ''}[redacted]`;
    });
    note(rule, count);
  }
  return { bytes: Buffer.from(text, 'latin1'), redactions };
}
