import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HistorySample, readSample, sampleOf, seriesOf, sparkLevels } from '../../src/chain/history.ts';
import { historyHtml } from '../../src/reports/index.ts';
import type { BackendEvent } from '../../src/state/backend.ts';
import { HistoryRing } from '../../src/state/live/history.ts';
import { historyFolder, keepHistory } from '../../src/state/live/history-keeper.ts';
import { AT, observation, snapshotOf } from '../model/make.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-history-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sample = (at: number, more: Partial<HistorySample> = {}): HistorySample => ({
  at,
  height: String(at),
  headAgeS: 2,
  intervalS: 2,
  round: 0,
  peers: 5,
  latencyMs: 12,
  ...more,
});
const ats = (samples: readonly HistorySample[]): readonly number[] => samples.map((one) => one.at);

describe('the history on disk', () => {
  it('is empty before the first sample, and in order after many', async () => {
    const ring = new HistoryRing(join(folder, 'h'));
    expect(await ring.read()).toEqual([]);
    await Promise.all([1, 2, 3, 4, 5].map((at) => ring.append(sample(at))));
    expect(await ring.read()).toEqual([1, 2, 3, 4, 5].map((at) => sample(at)));
    expect(statSync(join(folder, 'h', 'newer.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('never grows beyond its two halves, and drops the oldest', async () => {
    const ring = new HistoryRing(folder, 1_000);
    for (let at = 1; at <= 200; at += 1) await ring.append(sample(at));
    const kept = ats(await ring.read());
    expect(kept.at(-1)).toBe(200);
    expect(kept[0]).toBeGreaterThan(150);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => (kept[0] ?? 0) + index));
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(2_000);
  });

  it('passes over a half-written line and what is no sample', async () => {
    const ring = new HistoryRing(folder);
    await ring.append(sample(1));
    appendFileSync(
      join(folder, 'newer.jsonl'),
      'null\n[]\n{"at":-1}\n{"at":2,"height":"x\\u001b","peers":1.5}\n{"at":3,"hei',
    );
    expect(await ring.read()).toEqual([
      sample(1),
      { at: 2, height: null, headAgeS: null, intervalS: null, round: null, peers: null, latencyMs: null },
    ]);
    expect(readSample({ at: '1' })).toBeNull();
  });

  it('keeps estates apart', () => {
    expect(historyFolder('/s', 'a')).not.toBe(historyFolder('/s', 'b'));
  });
});

describe('the keeper of the history', () => {
  const head = observation({
    ended: new Date().toISOString(),
    answer: {
      class: 'ok',
      facts: {
        number: '7',
        hash: `0x${'aa'.repeat(32)}`,
        timestamp: String(Math.floor(Date.now() / 1000) - 3),
        round: 1,
        peers: 4,
      },
      checks: [],
    },
  });

  it('tells old samples and new ones, and keeps the new ones', async () => {
    await new HistoryRing(folder).append(sample(1));
    const events: BackendEvent[] = [];
    const keeper = keepHistory(
      () => snapshotOf([], [head]),
      folder,
      (event) => events.push(event),
      20,
    );
    await expect.poll(() => events.filter((one) => one.type === 'history').length).toBeGreaterThan(2);
    await keeper.stop();
    const kept = await new HistoryRing(folder).read();
    expect(kept[0]?.at).toBe(1);
    expect(kept.at(-1)).toMatchObject({ height: '7', round: 1, peers: 4, latencyMs: null });
  });

  it('says once that the disk does not take it, and goes on', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    const events: BackendEvent[] = [];
    const keeper = keepHistory(
      () => snapshotOf([], [head]),
      join(file, 'h'),
      (event) => events.push(event),
      10,
    );
    await expect.poll(() => events.filter((one) => one.type === 'history').length).toBeGreaterThan(3);
    await keeper.stop();
    expect(events.filter((one) => one.type === 'log')).toHaveLength(1);
  });
});

describe('a sample', () => {
  it('takes the newest head, the fewest peers and medians, and null where nobody could see', () => {
    const facts = (vmid: number, more: object): ReturnType<typeof observation> =>
      observation({
        subject: `vmid:${vmid}`,
        endpoint: `e${vmid}`,
        answer: { class: 'ok', facts: { hash: `0x${'aa'.repeat(32)}`, ...more }, checks: [] },
      });
    const asks = (vmid: number, p50: number): ReturnType<typeof observation> => ({
      ...facts(vmid, { p50 }),
      probe: 'besu-asks',
    });
    const window = { ...facts(3, { intervals: [2, 2, 2, 9] }), probe: 'qbft-window' };
    const at = AT / 1000;
    const snapshot = snapshotOf(
      [],
      [
        facts(1, { number: '10', timestamp: String(Math.floor(at) - 8), peers: 9, round: 0 }),
        facts(2, { number: '11', timestamp: String(Math.floor(at) - 4), peers: 3, round: 2 }),
        asks(1, 10),
        asks(2, 30),
        asks(4, 20),
        window,
      ],
    );
    expect(sampleOf(snapshot, AT)).toEqual({
      at: AT,
      height: '11',
      headAgeS: 4,
      intervalS: 2,
      round: 2,
      peers: 3,
      latencyMs: 20,
    });
    expect(sampleOf(snapshotOf([], []), AT)).toMatchObject({ height: null, headAgeS: null, peers: null });
  });

  it('becomes levels of a sparkline with gaps', () => {
    expect(sparkLevels([9, null, 0, 7, 14], 4)).toEqual([null, 0, 4, 7]);
    expect(sparkLevels([5, 5], 9)).toEqual([0, 0]);
    expect(sparkLevels([null], 3)).toEqual([null]);
    expect(seriesOf([sample(1), sample(2, { round: null })], 'round')).toEqual([0, null]);
  });
});

describe('the page of plots', () => {
  const about = { name: 'A <b>&"name"\u202e', simulated: true, madeAt: AT };

  it('is inert, loads nothing, and lets nothing of a name through', () => {
    const html = historyHtml(
      [sample(AT - 20_000), sample(AT - 10_000, { headAgeS: null }), sample(AT)],
      about,
    );
    expect(html).not.toMatch(/<script|<b>|\u202e|https?:|url\(|src=|href=/);
    expect(html).toContain('(simulated)');
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<svg/g)).toHaveLength(5);
  });

  it('lifts the pen where nobody could see, and keeps a spike among many samples', () => {
    const many = Array.from({ length: 5_000 }, (_, index) =>
      sample(index * 10_000, { headAgeS: index === 2_345 ? 900 : 2 }),
    );
    const html = historyHtml(many, about);
    expect(html).toContain('least 2 s, most 900 s, last 2 s');
    const path = /<path d="([^"]+)"/.exec(html)?.[1] ?? '';
    expect(path).toContain(' 4.0');
    expect(path.match(/[ML]/g)?.length).toBeLessThanOrEqual(600);
    const gaps = historyHtml([sample(1), sample(2, { round: null }), sample(3)], about);
    expect(gaps).toMatch(/<path d="M[^L"]*M[^L"]*"/);
    expect(historyHtml([], about)).toContain('No samples yet');
  });

  it('reads as one well-formed page', () => {
    const html = historyHtml([sample(AT)], about);
    for (const tag of ['html', 'head', 'body', 'svg', 'figure', 'style', 'title'])
      expect(html.match(new RegExp(`<${tag}[ >]`, 'g'))?.length).toBe(
        html.match(new RegExp(`</${tag}>`, 'g'))?.length,
      );
  });
});
