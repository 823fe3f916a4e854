/**
 * Puts captures of the running program into docs/manual.md: each text block after a line `<!-- capture NAME -->` is replaced by what the
 * console shows, on the simulated estate in a terminal of 80x24.
 *
 * npm run build && tsx scripts/captures.ts [NAME...]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Terminal } from '../test/e2e/terminal.ts';

const manual = join(import.meta.dirname, '../docs/manual.md');

interface Wanted {
  readonly scenario: string;
  /** What is typed, one key after the other. */
  readonly keys: string;
  /** What has to be seen before the capture is made. */
  readonly see: RegExp;
  readonly args?: readonly string[];
}

const CAPTURES: Readonly<Record<string, Wanted>> = {
  overview: {
    scenario: 'host-down',
    keys: '1j',
    see: /^(?![\s\S]*not looked at)[\s\S]*subjects[\s\S]*why: +its host r630-02 is offline/,
  },
  tiers: { scenario: 'node-stuck', keys: '4', see: /nodes ok[\s\S]*degraded/ },
  prompt: { scenario: 'healthy', keys: '6\r', see: /You are about to sign[\s\S]*Type \w{4} and Enter/ },
  ascii: {
    scenario: 'stalled',
    keys: '1',
    see: /^(?![\s\S]*not looked at)[\s\S]*CRITICAL FAILURE[\s\S]*why:/,
    args: ['--ascii'],
  },
  guests: { scenario: 'healthy', keys: '3', see: /1000 +sim-besu-validator-1 +deployed/ },
  story: { scenario: 'host-down', keys: '3jj\r', see: /Documented[\s\S]*Findings/ },
  palette: { scenario: 'healthy', keys: ':', see: /and \d+ more/ },
  help: { scenario: 'healthy', keys: '?', see: /Everywhere/ },
  runbooks: { scenario: 'healthy', keys: '6', see: /begin +Phase 3/ },
};

async function capture(name: string): Promise<string> {
  const wanted = CAPTURES[name];
  if (wanted === undefined) throw new Error(`docs/manual.md asks for a capture "${name}" that is not known`);
  const home = mkdtempSync(join(tmpdir(), 'c138-captures-'));
  const terminal = new Terminal(['demo', '--scenario', wanted.scenario, ...(wanted.args ?? [])], {
    home,
  });
  try {
    // After the first look the verdict is there, and nothing is unknown only because nobody looked yet.
    await terminal.see(/head \d+/);
    await terminal.see(/PASS|CRITICAL FAILURE|INCOMPLETE/, 120);
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    for (const key of wanted.keys) {
      terminal.type(key);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await terminal.see(wanted.see, 180);
    const text = await terminal.screen();
    terminal.type('\u001b\u0003');
    // The name of the machine that the captures were made on is nobody's business.
    return text
      .replace(/ from \S+/, ' from r630-01')
      .replaceAll(/ +$/gm, '')
      .trimEnd();
  } finally {
    terminal.kill('SIGTERM');
    await terminal.ended().catch(() => undefined);
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

let text = readFileSync(manual, 'utf8');
const only = process.argv.slice(2);
for (const [, name = ''] of text.matchAll(/<!-- capture (\w+) -->/g)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const seen = await capture(name);
  text = text.replace(
    new RegExp(`(<!-- capture ${name} -->\n\`\`\`text\n)[\\s\\S]*?(\`\`\`\n)`),
    (_all, before: string, after: string) => `${before}${seen}\n${after}`,
  );
  console.log(name);
}
writeFileSync(manual, text);
