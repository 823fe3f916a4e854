import { SSHSIG_NAMESPACE, type SshSignature } from './sshsig.ts';

/**
 * Allowed-signers files (ssh-keygen(1), ALLOWED SIGNERS), read as ssh-keygen reads them: a line that it does not take counts for
 * nothing here either.
 */

/** One line of an allowed-signers file: who may sign with which key. */
export interface AllowedSigner {
  readonly principals: readonly string[];
  /** The key in SSH's own form. */
  readonly key: Uint8Array;
  /** Milliseconds since 1970, or null for no bound; both belong to the time in which the key may sign. */
  readonly validAfter: number | null;
  readonly validBefore: number | null;
}

const NAME_OF_KEY = /^((?:ssh|ecdsa)-[a-z0-9-]+)[ \t]+([A-Za-z0-9+/]+=*)(?:[ \t]|$)/;

/** Lines with certificates, for other namespaces, or with options that ssh-keygen does not know, are left out. */
export function readAllowedSigners(text: string): readonly AllowedSigner[] {
  return text.split('\n').flatMap((raw) => {
    const line = raw.replace(/\r$/, '').replace(/^[ \t]+/, '');
    if (line === '' || line.startsWith('#')) return [];
    const principals = /^(?:"([^"]*)"|([^\s"]+))[ \t]+/.exec(line);
    if (principals === null) return [];
    const rest = line.slice(principals[0].length);
    const options = NAME_OF_KEY.test(rest) ? '' : wordOf(rest);
    const key = readKey(rest.slice(options.length).replace(/^[ \t]+/, ''));
    const bounds = readOptions(options);
    if (key === null || bounds === null) return [];
    return [
      {
        principals: (principals[1] ?? principals[2] ?? '').split(','),
        key,
        ...bounds,
      },
    ];
  });
}

/** `type base64`, where the key is of that type. */
function readKey(text: string): Buffer | null {
  const [, type = '', base64 = ''] = NAME_OF_KEY.exec(text) ?? [];
  const key = Buffer.from(base64, 'base64');
  const typeInside = key.subarray(4, 4 + type.length).toString('latin1');
  const whole = key.length > 4 && key.readUInt32BE() === type.length && typeInside === type;
  return whole && key.toString('base64') === base64 ? key : null;
}

/** Up to the first blank that stands in no quotes. */
function wordOf(text: string): string {
  return /^(?:"(?:\\"|[^"])*"|[^\s"])*/.exec(text)?.[0] ?? '';
}

type Bounds = Pick<AllowedSigner, 'validAfter' | 'validBefore'>;

/** @returns null where the line does not count */
function readOptions(options: string): Bounds | null {
  const given = new Map<string, string>();
  let rest = options;
  while (rest !== '') {
    // Names in any case; values always in quotes, in which a quote is written \".
    const match = /^(namespaces|valid-after|valid-before)="((?:\\"|[^"])*)"(?:,(?=.)|$)/i.exec(rest);
    if (match === null) return null;
    const name = match[1]?.toLowerCase() ?? '';
    if (given.has(name)) return null;
    given.set(name, match[2]?.replaceAll('\\"', '"') ?? '');
    rest = rest.slice(match[0].length);
  }
  const namespaces = given.get('namespaces');
  if (namespaces !== undefined && !inPatterns(SSHSIG_NAMESPACE, namespaces)) return null;
  const after = momentOf(given.get('valid-after'));
  const before = momentOf(given.get('valid-before'));
  if (after === undefined || before === undefined) return null;
  // A span that is empty is an error of the line.
  if (after !== null && before !== null && before <= after) return null;
  return { validAfter: after, validBefore: before };
}

/** A pattern list as in ssh_config(5): one must match, and none of those with `!` before it. */
function inPatterns(text: string, list: string): boolean {
  let matched = false;
  for (const pattern of list.split(',')) {
    const negated = pattern.startsWith('!');
    if (!matches(text, negated ? pattern.slice(1) : pattern)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** `*` stands for any characters, `?` for one. Goes back to the last `*` alone, so that no pattern takes long. */
function matches(text: string, pattern: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (pattern[place] === '*') {
      star = place;
      starAt = at;
      place += 1;
    } else if (pattern[place] === '?' || pattern[place] === text[at]) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      place = star + 1;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(place));
}

/**
 * `YYYYMMDD[HHMM[SS]]`, as ssh-keygen reads it: with a `Z` behind it UTC, else the time of this machine.
 * @returns null for none, undefined for one that is no time
 */
function momentOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?$/i.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  const exists = new Date(utc).toISOString().replaceAll(/\D/g, '').startsWith(match.slice(1, 7).join(''));
  if (!exists) return undefined;
  return match[7] === undefined ? new Date(year, month - 1, day, hour, minute, second).getTime() : utc;
}

/** Who an allowed-signers file says the key belongs to at a moment, or null. */
export function principalOf(
  signers: readonly AllowedSigner[],
  signature: SshSignature,
  at: Date,
): string | null {
  // Bounds and ssh-keygen know whole seconds.
  const now = Math.floor(at.getTime() / 1000) * 1000;
  const found = signers.find(
    (one) =>
      Buffer.compare(one.key, signature.key) === 0 &&
      (one.validAfter === null || one.validAfter <= now) &&
      (one.validBefore === null || now <= one.validBefore),
  );
  return found?.principals.join(', ') ?? null;
}
