import { sanitiseLine } from '../model/index.ts';
import table from './besu-options.json' with { type: 'json' };
import { type TomlEntry, textsIn, tomlEntries } from './toml-keys.ts';

/** `fatal`: this release does not start with it. `warn`: it starts, and somebody should look. */
export interface LintFinding {
  readonly severity: 'fatal' | 'warn';
  readonly rule: string;
  readonly line: number;
  readonly key: string;
  readonly text: string;
  readonly mend: string;
}

export interface LintResult {
  /** The release that the file was judged against. */
  readonly release: string;
  /** The table of options knows this release; a newer one is judged by the newest known. */
  readonly known: boolean;
  readonly keys: number;
  readonly findings: readonly LintFinding[];
}

/** A release that the table of options does not reach back to, or no release at all. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}

type Span = readonly [since: string, without: string];
const OPTIONS = table.options as unknown as Readonly<Record<string, Span>>;
const APIS = table.apis as unknown as Readonly<Record<string, Span>>;

/** The oldest and newest release that the table knows. */
export const KNOWN_RELEASES = { oldest: table.oldest, newest: table.newest } as const;

/** What to write in place of an option that is gone. */
const INSTEAD: Readonly<Record<string, string>> = {
  'host-whitelist': 'write host-allowlist',
  'fast-sync-min-peers': 'write sync-min-peers',
  'Xsnapsync-server-enabled': 'write snapsync-server-enabled',
  'bonsai-maximum-back-layers-to-load': 'write bonsai-historical-block-limit',
  'miner-enabled': 'take it out: QBFT validators propose without it',
  'miner-coinbase': 'take it out: QBFT takes the proposer itself',
  'tx-pool-disable-locals': 'write tx-pool-no-local-priority',
  'privacy-onchain-groups-enabled': 'take it out; privacy left Besu with release 25.6.0',
};

/**
 * Checks a Besu TOML configuration against what one release accepts: an unknown key is fatal when Besu starts.
 * @param release `25.12.0`, with or without a leading v; the newest known when it is null
 * @throws ReleaseError
 */
export function lintBesuConfig(text: string, release: string | null): LintResult {
  const wanted = (release ?? KNOWN_RELEASES.newest).replace(/^v/, '');
  if (!/^\d{2}\.\d{1,2}(\.\d{1,3})?$/.test(wanted))
    throw new ReleaseError(`"${sanitiseLine(wanted, 40)}" is no Besu release; give one such as 25.12.0`);
  if (before(wanted, KNOWN_RELEASES.oldest))
    throw new ReleaseError(
      `the table of options begins with release ${KNOWN_RELEASES.oldest}; ${wanted} is older`,
    );
  const { entries, faults } = tomlEntries(text);
  const findings: LintFinding[] = faults.map((fault) => ({
    severity: 'fatal',
    rule: 'not-toml',
    line: fault.line,
    key: '',
    text: sanitiseLine(fault.message, 160),
    mend: 'correct the TOML at this line',
  }));
  const seen = new Map<string, number>();
  for (const entry of entries) {
    const first = seen.get(entry.key);
    if (first !== undefined)
      findings.push(
        fatal(
          'twice',
          entry,
          `given twice; first in line ${first}`,
          'keep one of the two; TOML refuses both',
        ),
      );
    else seen.set(entry.key, entry.line);
    findings.push(...judgeKey(entry, wanted), ...judgeApis(entry, wanted));
  }
  findings.push(...judgeTogether(entries));
  return {
    release: wanted,
    known: !before(KNOWN_RELEASES.newest, wanted),
    keys: entries.length,
    findings: findings.sort((a, b) => a.line - b.line),
  };
}

const fatal = (rule: string, { key, line }: TomlEntry, text: string, mend: string): LintFinding => ({
  severity: 'fatal',
  rule,
  line,
  key: sanitiseLine(key, 80),
  text,
  mend,
});

function judgeKey(entry: TomlEntry, release: string): readonly LintFinding[] {
  const { key } = entry;
  const span = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined;
  if (span === undefined) {
    if (key.startsWith('X'))
      return [
        {
          ...fatal(
            'experimental',
            entry,
            'an experimental option that the table does not hold; these come and go without notice',
            `start release ${release} once with this file before the upgrade`,
          ),
          severity: 'warn',
        },
      ];
    const near = nearest(key, release);
    return [
      fatal(
        'unknown-key',
        entry,
        'Besu knows no such option, and an unknown one is fatal at start',
        near === null ? 'take it out' : `did you mean ${near}?`,
      ),
    ];
  }
  const [since, without] = span;
  if (without !== '' && !before(release, without))
    return [
      fatal(
        'removed',
        entry,
        `removed with release ${without}: ${release} does not start with it`,
        INSTEAD[key] ?? 'take it out before the upgrade',
      ),
    ];
  if (since !== '' && before(release, since))
    return [
      fatal(
        'too-new',
        entry,
        `comes with release ${since}: ${release} does not start with it`,
        'take it out, or upgrade first',
      ),
    ];
  return [];
}

const API_KEYS = new Set(['rpc-http-api', 'rpc-http-apis', 'rpc-ws-api', 'rpc-ws-apis']);

/** API groups by name; one that the release does not have is refused at start, unless a plugin brings it. */
function judgeApis(entry: TomlEntry, release: string): readonly LintFinding[] {
  if (!API_KEYS.has(entry.key)) return [];
  return textsIn(entry.value)
    .flatMap((one) => one.split(','))
    .map((one) => one.trim().toUpperCase())
    .filter((one) => one !== '')
    .flatMap((name): LintFinding[] => {
      const span = Object.hasOwn(APIS, name) ? APIS[name] : undefined;
      const shown = sanitiseLine(name, 40);
      if (span === undefined)
        return [fatal('unknown-api', entry, `there is no API group ${shown}`, 'take it out of the list')];
      const [since, without] = span;
      if (without !== '' && !before(release, without))
        return [
          fatal(
            'removed-api',
            entry,
            `the API group ${shown} was removed with release ${without}`,
            'take it out of the list',
          ),
        ];
      if (since !== '' && before(release, since))
        return [fatal('new-api', entry, `the API group ${shown} comes with release ${since}`, 'take it out')];
      return [];
    });
}

const WIDE = new Set(['*', 'all']);
const STRONG = new Set(['ADMIN', 'DEBUG', 'MINER', 'PERM', 'PLUGINS', 'TESTING', 'ENGINE']);

/** Settings that are legal and that somebody should look at. */
function judgeTogether(entries: readonly TomlEntry[]): readonly LintFinding[] {
  const find = (...keys: readonly string[]): TomlEntry | undefined =>
    entries.find((one) => keys.includes(one.key));
  const warn = (rule: string, entry: TomlEntry, text: string, mend: string): LintFinding => ({
    ...fatal(rule, entry, text, mend),
    severity: 'warn',
  });
  const out: LintFinding[] = [];
  const host = find('rpc-http-host');
  const apis = find('rpc-http-api', 'rpc-http-apis');
  const strong = apis === undefined ? [] : textsIn(apis.value).filter((one) => STRONG.has(one.toUpperCase()));
  const open = host !== undefined && textsIn(host.value)[0] === '0.0.0.0';
  if (
    apis !== undefined &&
    strong.length > 0 &&
    open &&
    find('rpc-http-authentication-enabled')?.value !== 'true'
  )
    out.push(
      warn(
        'strong-api-open',
        apis,
        `${strong.join(', ')} served on every address without authentication`,
        'bind to the LAN address, or switch authentication on; right for a core node behind a firewall only',
      ),
    );
  for (const key of ['host-allowlist', 'rpc-http-cors-origins']) {
    const entry = find(key);
    if (entry !== undefined && textsIn(entry.value).some((one) => WIDE.has(one.toLowerCase())))
      out.push(
        warn('wide', entry, `${key} lets everybody in`, 'name the hosts, unless an edge filters before it'),
      );
  }
  return out;
}

/** The known option of this release that is spelled most like it, within two changes; null when there is none. */
function nearest(key: string, release: string): string | null {
  let best: string | null = null;
  let least = 3;
  for (const [known, [since, without]] of Object.entries(OPTIONS)) {
    const there = (since === '' || !before(release, since)) && (without === '' || before(release, without));
    if (!there || Math.abs(known.length - key.length) >= least) continue;
    const distance = editDistance(key, known, least);
    if (distance < least) {
      least = distance;
      best = known;
    }
  }
  return best;
}

/** Levenshtein distance; gives up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min(
          (next[j - 1] ?? 0) + 1,
          (row[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    if (Math.min(...next) >= limit) return limit;
    row = next;
  }
  return row[b.length] ?? limit;
}

/** Whether release `a` is older than `b`. */
function before(a: string, b: string): boolean {
  const [left, right] = [a, b].map((one) => one.split('.').map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
