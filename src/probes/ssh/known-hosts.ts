import { createHash, createHmac } from 'node:crypto';
import { wildcard } from './ssh-config.ts';

/** One usable line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly marker: '' | 'revoked' | 'cert-authority';
  readonly patterns: readonly string[];
  readonly type: string;
  /** The key blob in base64. */
  readonly key: string;
  readonly file: string;
  readonly line: number;
}

/** Reads a known_hosts file; lines that are not understood are left out, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  const out: KnownHost[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const fields = line.split(/\s+/);
    let marker: KnownHost['marker'] = '';
    if (fields[0]?.startsWith('@') === true) {
      const name = fields.shift()?.slice(1);
      if (name !== 'revoked' && name !== 'cert-authority') continue;
      marker = name;
    }
    const [hosts, type, key] = fields;
    if (hosts === undefined || type === undefined || key === undefined) continue;
    out.push({ marker, patterns: hosts.split(','), type, key, file, line: index + 1 });
  }
  return out;
}

/** The name under which OpenSSH keeps a host: `[host]:port` unless the port is 22. */
export function hostToken(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

function matches(entry: KnownHost, token: string): boolean {
  let matched = false;
  for (const pattern of entry.patterns) {
    if (pattern.startsWith('|1|')) {
      const [, , salt = '', hash = ''] = pattern.split('|');
      const mac = createHmac('sha1', Buffer.from(salt, 'base64')).update(token).digest('base64');
      if (mac === hash) matched = true;
    } else if (pattern.startsWith('!')) {
      if (wildcard(pattern.slice(1)).test(token)) return false;
    } else if (wildcard(pattern).test(token)) matched = true;
  }
  return matched;
}

/** What known_hosts says about a key that a server presented. */
export type HostKeyVerdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'revoked'; readonly at: KnownHost }
  | { readonly verdict: 'changed'; readonly at: readonly KnownHost[] }
  | { readonly verdict: 'unknown'; readonly authority: KnownHost | null };

/** Under which name a host is looked up: by its alias, else by name and port. */
export interface HostName {
  readonly host: string;
  readonly port: number;
  /** HostKeyAlias of the SSH configuration. */
  readonly alias?: string | null;
}

/** The name under which a key would be kept, then the others under which OpenSSH accepts one. */
function tokensOf({ host, port, alias }: HostName): readonly [string, ...string[]] {
  if (alias !== undefined && alias !== null) return [alias.toLowerCase()];
  const token = hostToken(host, port);
  return port === 22 ? [token] : [token, hostToken(host, 22)];
}

/** The name under which OpenSSH keeps this host. */
export function lookupName(name: HostName): string {
  return tokensOf(name)[0];
}

/** Judges a presented key blob for a host. Revocation wins over everything. */
export function judgeHostKey(
  entries: readonly KnownHost[],
  name: HostName,
  blob: Uint8Array,
): HostKeyVerdict {
  const [token, ...others] = tokensOf(name);
  const verdict = judgeToken(entries, token, blob);
  if (verdict.verdict === 'revoked') return verdict;
  for (const other of others) {
    const more = judgeToken(entries, other, blob);
    // A key that is known for the host on its usual port counts for another port too, as in OpenSSH; a changed one does not.
    if (more.verdict === 'revoked' || (more.verdict === 'known' && verdict.verdict === 'unknown'))
      return more;
  }
  return verdict;
}

function judgeToken(entries: readonly KnownHost[], token: string, blob: Uint8Array): HostKeyVerdict {
  const presented = Buffer.from(blob).toString('base64');
  const own = entries.filter((entry) => matches(entry, token));
  const revoked = own.find((entry) => entry.marker === 'revoked' && entry.key === presented);
  if (revoked !== undefined) return { verdict: 'revoked', at: revoked };
  const keys = own.filter((entry) => entry.marker === '');
  if (keys.some((entry) => entry.key === presented)) return { verdict: 'known' };
  const sameType = keys.filter((entry) => entry.type === keyType(blob));
  if (keys.length > 0) return { verdict: 'changed', at: sameType.length > 0 ? sameType : keys };
  return { verdict: 'unknown', authority: own.find((entry) => entry.marker === 'cert-authority') ?? null };
}

/** The host key algorithms to ask for: those whose keys are known, so that the right key is presented. */
export function algorithmsFor(entries: readonly KnownHost[], name: HostName): readonly string[] {
  const tokens = tokensOf(name);
  const out = new Set<string>();
  for (const entry of entries) {
    if (entry.marker !== '' || !tokens.some((token) => matches(entry, token))) continue;
    if (entry.type === 'ssh-rsa') {
      out.add('rsa-sha2-512');
      out.add('rsa-sha2-256');
    } else out.add(entry.type);
  }
  return [...out];
}

/** The algorithm name at the front of a key blob (RFC 4253 section 6.6). */
export function keyType(blob: Uint8Array): string {
  const view = Buffer.from(blob);
  if (view.length < 4) return '';
  return view.subarray(4, 4 + view.readUInt32BE(0)).toString('latin1');
}

/** Fingerprint as OpenSSH prints it. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
