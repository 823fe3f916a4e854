import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOutages } from '../../src/state/attested/outages.ts';
import { type Answer, inTerminal, newKey } from './in-terminal.ts';
import { run } from './run.ts';

const PASSPHRASE = 'correct horse battery';
let root = '';
const env = () => ({
  HOME: root,
  C138_CONFIG_DIR: join(root, 'config'),
  C138_STATE_DIR: join(root, 'state'),
});
const trust = (): string => join(root, 'config', 'trust', 'trust.json');
const folder = (): string => join(root, 'state', 'outages');
const passphrase: Answer = [/Passphrase for .*: $/, PASSPHRASE];
const code: Answer = [/Type (\w{4}) to sign: $/, (match) => match[1] ?? ''];
const add = (...more: string[]) =>
  inTerminal(['outage', 'add', 'chain:138', '--reason', 'made-up work', ...more], [passphrase, code], env());
const chainOf = async () => {
  const ran = await run(['discover', '--json'], env());
  const { subjects } = JSON.parse(ran.out) as {
    subjects: { id: string; health: string; outage_until: string | null }[];
  };
  return { code: ran.code, err: ran.err, chain: subjects.find((one) => one.id === 'chain:138') };
};

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'c138-outage-'));
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(
    join(root, 'config', 'estate.yaml'),
    `v: 1\nid: outages\nname: y\nchain: {id: 138}\nmirror: ${join(root, 'usb')}\n`,
  );
  mkdirSync(join(root, 'usb'));
  await newKey(PASSPHRASE, env());
  const init = await inTerminal(
    ['trust', 'init', '--person', 'anna', '--name', 'Anna', '--role', 'performer'],
    [passphrase, code],
    env(),
  );
  expect(init.code, init.screen).toBe(0);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('planned outages', () => {
  it('are refused without an end, in the past, for too long, or of something unknown', async () => {
    const cases: [string[], RegExp][] = [
      [['chain:138', '--reason', 'x'], /--until TIME or --for DURATION/],
      [['chain:138', '--reason', 'x', '--until', '2020-01-01T00:00Z'], /ends in the future/],
      [['chain:138', '--reason', 'x', '--until', 'tomorrow'], /a time with its zone/],
      [['chain:138', '--reason', 'x', '--for', '32d'], /at most 31 days/],
      [['chain:138', '--reason', ' ', '--for', '1h'], /needs a reason/],
      [['vmid:77', '--reason', 'x', '--for', '1h'], /knows no vmid:77/],
    ];
    for (const [argv, message] of cases) {
      const ran = await run(['outage', 'add', ...argv], env());
      expect(ran.err).toMatch(message);
      expect(ran.code).toBe(2);
    }
  });

  it('keep a failure visible and off the exit code until they end; both copies are written', async () => {
    expect((await chainOf()).code).toBe(3);
    const added = await add('--for', '1h');
    expect(added.code, added.screen).toBe(0);
    expect(added.screen).toMatch(/you approved/);
    expect(added.screen).toMatch(/made-up work/);
    expect(added.screen).not.toMatch(/the other side/);
    expect(readdirSync(join(root, 'usb', 'outages'))).toEqual(readdirSync(folder()));
    const during = await chainOf();
    expect(during).toMatchObject({ code: 0, chain: { health: 'unknown' } });
    expect(during.chain?.outage_until).not.toBeNull();
    const listed = await run(['outage', 'list', '--json'], env());
    const { outages } = JSON.parse(listed.out) as { outages: { id: string; state: string; by: string }[] };
    expect(outages).toMatchObject([{ state: 'in force', by: 'anna' }]);
    const ended = await inTerminal(['outage', 'end', outages[0]?.id ?? ''], [passphrase, code], env());
    expect(ended.code, ended.screen).toBe(0);
    expect((await chainOf()).code).toBe(3);
    expect((await run(['outage', 'list'], env())).out).toMatch(/ended/);
    expect((await run(['outage', 'end', outages[0]?.id ?? ''], env())).code).toBe(2);
  }, 120_000);

  it('count for nothing when a letter was changed, the estate is another, or nobody knows the key', async () => {
    const [name = ''] = readdirSync(folder());
    const text = readFileSync(join(folder(), name), 'utf8');
    const reasonsOf = async (changed: string, trustFile = trust(), estate = 'outages') => {
      const dir = mkdtempSync(join(root, 'changed-'));
      writeFileSync(join(dir, 'a.json'), changed);
      const read = await readOutages(dir, trustFile, estate);
      expect(read.records).toEqual([]);
      return read.rejected.map((one) => one.reason).join();
    };
    expect((await readOutages(folder(), trust(), 'outages')).rejected).toEqual([]);
    expect(await reasonsOf(text.replace('made-up', 'made-in'))).toMatch(/not of the key that it names/);
    expect(await reasonsOf(text.replace(/"person": "anna"/, '"person": "bert"'))).toMatch(/not of the key/);
    expect(await reasonsOf(text, trust(), 'another')).toMatch(/of the estate outages/);
    expect(await reasonsOf(text, join(root, 'none.json'))).toMatch(/no trust store/);
    expect(await reasonsOf('{}')).toMatch(/no file of an outage|Cannot read/);
    expect(await reasonsOf('nonsense')).toMatch(/JSON/);
    cpSync(join(folder(), name), join(folder(), 'copy.json'));
    writeFileSync(join(folder(), 'bad.json'), text.replace('made-up', 'made-in'));
    expect((await chainOf()).err).toMatch(/bad\.json counts for nothing/);
  });
});
