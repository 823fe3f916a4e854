import { isIPv6 } from 'node:net';
import { basename } from 'node:path';
import type { Snapshot } from '../../model/index.ts';

/** What was replaced, by rule. */
export interface Redaction {
  readonly snapshot: Snapshot;
  readonly counts: Readonly<Record<string, number>>;
}

const IPV4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g;
const IPV6 = /(?<![0-9a-fA-F:.])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![0-9a-fA-F:])/g;
const MAC = /(?<![0-9a-fA-F:])(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}(?![0-9a-fA-F:])/g;
const ENODE = /enode:\/\/[0-9a-fA-F]+/g;
const SECRETS =
  /PVEAPIToken=[^\s"']+|Bearer\s+[A-Za-z0-9._~+/-]{8,}=*|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g;
/** Keys whose values are paths, commands or free text of people. */
const BLANKED = new Set([
  'caFile',
  'pinSha256',
  'poolGenesisFile',
  'knownHostsFile',
  'identityFile',
  'configFile',
  'file',
  'command',
  'mirror',
  'repository',
  'hostHeader',
]);
const BLANK = '[redacted]';
const HARMLESS_HOSTS = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

/** Gives every distinct value of a kind the same stand-in wherever it occurs. */
class StandIns {
  readonly #names = new Map<string, string>();
  readonly counts: Record<string, number> = {};

  of(rule: string, value: string): string {
    this.counts[rule] = (this.counts[rule] ?? 0) + 1;
    const key = `${rule} ${value.toLowerCase()}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const number = [...this.#names.keys()].filter((one) => one.startsWith(`${rule} `)).length + 1;
    const name = `${rule}-${number}`;
    this.#names.set(key, name);
    return name;
  }
}

/**
 * A copy of a snapshot for somebody outside: addresses, names and paths of endpoints, hardware addresses, node ids, people, files, commands and secrets
 * are replaced, each value by the same stand-in everywhere, so that what belongs together still does. Subjects, VMIDs, names of hosts and guests, times,
 * classes and chain data stay: without them nothing can be diagnosed. Pure.
 */
export function redactSnapshot(snapshot: Snapshot): Redaction {
  const names = new StandIns();
  const tokens = tokensOf(snapshot, names);
  const text = (value: string): string => {
    let out = value;
    for (const [token, replacement, rule] of tokens)
      if (out.includes(token)) {
        names.counts[rule] = (names.counts[rule] ?? 0) + 1;
        out = out.replaceAll(token, replacement);
      }
    return out
      .replace(SECRETS, () => names.of('secret', 'any'))
      .replace(ENODE, (one) => names.of('node-id', one))
      .replace(MAC, (one) => names.of('mac', one))
      .replace(IPV6, (one) => (isIPv6(one) && !HARMLESS_HOSTS.test(one) ? names.of('ip', one) : one))
      .replace(IPV4, (one) => (HARMLESS_HOSTS.test(one) || one === '0.0.0.0' ? one : names.of('ip', one)));
  };
  const walk = (value: unknown, key: string): unknown => {
    if (BLANKED.has(key) && value !== null && value !== undefined) {
      names.counts.file = (names.counts.file ?? 0) + 1;
      return Array.isArray(value) ? [BLANK] : BLANK;
    }
    if (typeof value === 'string')
      return key === 'document' && value.startsWith('/') ? text(basename(value)) : text(value);
    if (Array.isArray(value)) return value.map((item) => walk(item, ''));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [text(name), walk(item, name)]));
  };
  const people = {
    ...snapshot,
    attestations: snapshot.attestations.map((one) => ({
      ...one,
      performer: names.of('person', one.performer),
      witness: one.witness === null ? null : names.of('person', one.witness),
    })),
    outages: snapshot.outages.map((one) => ({ ...one, by: names.of('person', one.by), reason: BLANK })),
    estate: {
      ...snapshot.estate,
      endpoints: snapshot.estate.endpoints.map((one) => ({
        ...one,
        url: plainUrl(one.url),
        ...(one.wsUrl === undefined ? {} : { wsUrl: plainUrl(one.wsUrl) }),
      })),
    },
  };
  return { snapshot: walk(people, '') as Snapshot, counts: names.counts };
}

/** A URL without user, path and query; each of them can hold a secret. */
function plainUrl(url: string): string {
  try {
    const { protocol, host } = new URL(url);
    return host === '' ? `${protocol}//${BLANK}` : `${protocol}//${host}`;
  } catch {
    return BLANK;
  }
}

/** Exact texts that are replaced wherever they occur: host names and paths of endpoints, users, the folder of the checkout, the vantage. */
function tokensOf(
  snapshot: Snapshot,
  names: StandIns,
): readonly (readonly [token: string, replacement: string, rule: string])[] {
  const { estate } = snapshot;
  const out = new Map<string, readonly [string, string]>();
  const put = (token: string, rule: string): void => {
    if (token.length > 1 && !out.has(token)) out.set(token, [names.of(rule, token), rule]);
  };
  const subjects = new Set(estate.subjects.map((one) => one.name));
  for (const url of estate.endpoints.flatMap((one) => [
    one.url,
    ...(one.wsUrl === undefined ? [] : [one.wsUrl]),
  ])) {
    let parsed: URL;
    try {
      parsed = new URL(url);
    } catch {
      continue;
    }
    if (parsed.protocol !== 'local:' && parsed.pathname.length > 1) put(parsed.pathname, 'path');
    if (parsed.search !== '') put(parsed.search, 'path');
    if (parsed.username !== '' && parsed.username !== 'root') put(`${parsed.username}@`, 'user');
    if (parsed.password !== '') put(parsed.password, 'secret');
    if (
      /[a-z]/i.test(parsed.hostname) &&
      !parsed.hostname.startsWith('[') &&
      !HARMLESS_HOSTS.test(parsed.hostname)
    )
      put(parsed.hostname, 'name');
  }
  for (const one of estate.endpoints) if (one.hostHeader !== undefined) put(one.hostHeader, 'name');
  if (!subjects.has(snapshot.vantage)) put(snapshot.vantage, 'vantage');
  if (estate.repository !== undefined) put(estate.repository, 'file');
  // The longest first, so that no token is torn by a shorter one inside it.
  return [...out]
    .sort(([a], [b]) => b.length - a.length)
    .map(([token, [replacement, rule]]) => [token, replacement, rule] as const);
}
