import { createHash, createHmac } from 'node:crypto';

/** One usable line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly marker: '' | 'revoked' | 'cert-authority';
  readonly patterns: readonly string[];
  readonly type: string;
  /** The key blob in base64. */
  readonly key: string;
  readonly line: number;
}

/** Reads a known_hosts file; lines that are not understood are left out, as OpenSSH does. */
export function parseKnownHosts(text: string): readonly KnownHost[] {
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
    out.push({ marker, patterns: hosts.split(','), type, key, line: index + 1 });
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

function wildcard(pattern: string): RegExp {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}

/** What known_hosts says about a key that a server presented. */
export type HostKeyVerdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'revoked'; readonly line: number }
  | { readonly verdict: 'changed'; readonly lines: readonly number[] }
  | { readonly verdict: 'unknown'; readonly hasAuthority: boolean };

/** Judges a presented key blob for a host. Revocation wins over everything. */
export function judgeHostKey(
  entries: readonly KnownHost[],
  host: string,
  port: number,
  blob: Uint8Array,
): HostKeyVerdict {
  const token = hostToken(host, port);
  const presented = Buffer.from(blob).toString('base64');
  const own = entries.filter((entry) => matches(entry, token));
  const revoked = own.find((entry) => entry.marker === 'revoked' && entry.key === presented);
  if (revoked !== undefined) return { verdict: 'revoked', line: revoked.line };
  const keys = own.filter((entry) => entry.marker === '');
  if (keys.some((entry) => entry.key === presented)) return { verdict: 'known' };
  const type = keyType(blob);
  const sameType = keys.filter((entry) => entry.type === type);
  if (sameType.length > 0 || keys.length > 0)
    return { verdict: 'changed', lines: (sameType.length > 0 ? sameType : keys).map((entry) => entry.line) };
  return { verdict: 'unknown', hasAuthority: own.some((entry) => entry.marker === 'cert-authority') };
}

/** The host key algorithms to ask for: those whose keys are known, so that the right key is presented. */
export function algorithmsFor(entries: readonly KnownHost[], host: string, port: number): readonly string[] {
  const token = hostToken(host, port);
  const types = entries
    .filter((entry) => entry.marker === '' && matches(entry, token))
    .map((entry) => entry.type);
  const out = new Set<string>();
  for (const type of types) {
    if (type === 'ssh-rsa') {
      out.add('rsa-sha2-512');
      out.add('rsa-sha2-256');
    } else out.add(type);
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
