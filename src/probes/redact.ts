import type { RawRef } from '../model/index.ts';

/** Patterns of secrets that must not be stored, with the name under which a redaction is counted. */
const RULES: readonly (readonly [rule: string, pattern: RegExp])[] = [
  ['pve-token', /PVEAPIToken=[^\s"']+/g],
  ['bearer', /Bearer\s+[A-Za-z0-9._~+/-]{8,}=*/gi],
  ['jwt', /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g],
  ['private-key', /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g],
  ['password-field', /("(?:password|passwd|secret|token)"\s*:\s*")[^"]*(")/gi],
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
    text = text.replace(pattern, (_whole, before: unknown, after: unknown) => {
      count += 1;
      return typeof before === 'string' && typeof after === 'string' && rule === 'password-field'
        ? `${before}[redacted]${after}`
        : '[redacted]';
    });
    note(rule, count);
  }
  return { bytes: Buffer.from(text, 'latin1'), redactions };
}
