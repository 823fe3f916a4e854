import { describe, expect, it } from 'vitest';
import { KNOWN_RELEASES, lintBesuConfig, ReleaseError } from '../../src/chain/besu-lint.ts';
import { textsIn, tomlEntries } from '../../src/chain/toml-keys.ts';

const brief = (text: string, release: string | null = null): readonly string[] =>
  lintBesuConfig(text, release).findings.map((one) => `${one.line} ${one.key} ${one.severity} ${one.rule}`);

const GOOD = `# a core node
data-path="/data/besu"
genesis-file="/etc/besu/genesis.json"
network-id=138
sync-mode="FULL"
rpc-http-enabled=true
rpc-http-host="10.0.0.1" # LAN
rpc-http-api=["ETH",
  "NET", # more
  'WEB3', "QBFT"]
[Metrics]
metrics-enabled=true
"metrics-port"=9545
`;

describe('keys of a TOML file', () => {
  it('are found with their lines, through arrays, comments, tables and quoted keys', () => {
    const { entries, faults } = tomlEntries(GOOD);
    expect(faults).toEqual([]);
    expect(entries.map((one) => `${one.line} ${one.key}`)).toEqual([
      '2 data-path',
      '3 genesis-file',
      '4 network-id',
      '5 sync-mode',
      '6 rpc-http-enabled',
      '7 rpc-http-host',
      '8 rpc-http-api',
      '12 metrics-enabled',
      '13 metrics-port',
    ]);
    expect(textsIn(entries[6]?.value ?? '')).toEqual(['ETH', 'NET', 'WEB3', 'QBFT']);
  });

  it('are not found inside texts', () => {
    const { entries } = tomlEntries(
      'identity="a # b = [c"\nlogging="""\nminer-enabled=true\n"""\nmax-peers=25\n',
    );
    expect(entries.map((one) => one.key)).toEqual(['identity', 'logging', 'max-peers']);
  });

  it.each([
    ['just words', 1],
    ['a=1\nb=', 2],
    ['a="open', 1],
    ['a=1\nb=["x",\n"y"\n', 2],
    ['a=]', 1],
    ['a="""open\nb=1', 1],
  ])('%j is not TOML', (text, line) => {
    expect(tomlEntries(text).faults.map((one) => one.line)).toEqual([line]);
    expect(brief(text).some((one) => one.endsWith('fatal not-toml'))).toBe(true);
  });
});

describe('a Besu configuration', () => {
  it('that every release of the table takes', () => {
    expect(brief(GOOD, '23.1.0')).toEqual([]);
    expect(brief(GOOD, '25.12.0')).toEqual([]);
    expect(brief(GOOD)).toEqual([]);
    expect(lintBesuConfig(GOOD, null)).toMatchObject({
      release: KNOWN_RELEASES.newest,
      known: true,
      keys: 9,
    });
  });

  it('with options that are removed starts before, and not from that release on', () => {
    const text = 'miner-enabled=false\nprivacy-enabled=false\nhost-whitelist=["a"]\n';
    expect(brief(text, '24.12.2')).toEqual([]);
    expect(brief(text, '25.5.0')).toEqual(['3 host-whitelist fatal removed']);
    expect(brief(text, '25.6.0')).toEqual([
      '2 privacy-enabled fatal removed',
      '3 host-whitelist fatal removed',
    ]);
    expect(brief(text, '25.11.0')).toHaveLength(2);
    expect(brief(text, 'v25.12.0')).toHaveLength(3);
    const [finding] = lintBesuConfig('miner-enabled=false', '26.1.0').findings;
    expect(finding?.text).toContain('25.12.0');
    expect(finding?.mend).toContain('QBFT');
  });

  it('with an option of a later release does not start yet', () => {
    expect(brief('sync-min-peers=5\nsnapsync-server-enabled=true', '23.1.0')).toContain(
      '2 snapsync-server-enabled fatal too-new',
    );
  });

  it('with a misspelt option does not start, and is told the likely one', () => {
    const { findings } = lintBesuConfig('rpc-htp-enabled=true\nfrobnicate=1\n', null);
    expect(findings.map((one) => one.rule)).toEqual(['unknown-key', 'unknown-key']);
    expect(findings[0]?.mend).toBe('did you mean rpc-http-enabled?');
    expect(findings[1]?.mend).toBe('take it out');
  });

  it('with an experimental option nobody knows is doubted, not refused', () => {
    expect(brief('Xsomething-new=1')).toEqual(['1 Xsomething-new warn experimental']);
  });

  it('with an API group that is gone, or never was, does not start', () => {
    const text = 'rpc-http-api=["ETH","PRIV","CLIQUE"]\nrpc-ws-api=["NOPE"]\n';
    expect(brief(text, '25.6.0')).toEqual(['2 rpc-ws-api fatal unknown-api']);
    expect(brief(text, '25.12.0')).toContain('1 rpc-http-api fatal removed-api');
    expect(brief(text, '26.4.0').filter((one) => one.includes('removed-api'))).toHaveLength(2);
    expect(brief('rpc-http-api=["TESTING"]', '25.12.0')).toEqual(['1 rpc-http-api fatal new-api']);
  });

  it('that gives a key twice does not start', () => {
    expect(brief('max-peers=1\nmax-peers=2\n')).toEqual(['2 max-peers fatal twice']);
  });

  it('that is open wider than it should starts, with a warning', () => {
    const text = 'rpc-http-host="0.0.0.0"\nrpc-http-api=["ETH","ADMIN"]\nhost-allowlist=["*"]\n';
    expect(brief(text)).toEqual(['2 rpc-http-api warn strong-api-open', '3 host-allowlist warn wide']);
    expect(brief(`${text}rpc-http-authentication-enabled=true\n`)).toEqual(['3 host-allowlist warn wide']);
  });

  it('is judged against a release that is one', () => {
    for (const bad of ['latest', '25', '22.10.3', '25.12.0; rm'])
      expect(() => lintBesuConfig(GOOD, bad)).toThrow(ReleaseError);
    expect(lintBesuConfig(GOOD, '99.1.0').known).toBe(false);
  });
});
