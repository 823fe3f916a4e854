import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offlineSnapshot } from '../e2e/offline-snapshot.ts';
import { run } from './run.ts';

let home = '';
let snapshot = '';
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-table-'));
  snapshot = await offlineSnapshot(home, 12);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const screen = (...args: readonly string[]) => run(['screen', ...args, '--offline', snapshot]);

describe('c138 screen', () => {
  it('prints a screen as text, JSON, CSV and Markdown, filtered', async () => {
    const text = await screen('guests');
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^== Guests ==\nVMID +name +status[^\n]*\n1000 /);
    const json = JSON.parse((await screen('guests', '--format', 'json', '--filter', '1003')).out);
    expect(json).toMatchObject({ format: 'c138-table', v: 1, title: 'Guests', filter: '1003' });
    expect(json.rows).toHaveLength(1);
    const csv = (await screen('guests', '--format', 'csv')).out.split('\r\n');
    expect(csv[0]).toBe('VMID,name,status,health,seen,what was seen,category');
    expect(csv).toHaveLength(14);
    expect((await screen('hosts', '--format', 'md')).out).toContain('| host | status |');
  });

  it('says how many rows a filter left, and that it left none', async () => {
    expect((await screen('guests', '--filter', '1003')).out).toMatch(/\n\(1 of 12 match\)\n$/);
    const none = (await screen('guests', '--filter', 'zzz')).out;
    expect(none).toMatch(/\nNo row is like "zzz" \(0 of 12\)\.\n$/);
    expect(none).not.toContain('No guest is documented');
  });

  it.each(['overview', 'hosts', 'guests', 'tiers', 'hyperledger', 'runbooks', 'evidence', 'program'])(
    'knows %s',
    async (name) => {
      const shown = await screen(name);
      expect(shown.code).toBe(0);
      expect(shown.out).toMatch(/^== .+ ==\n/);
      expect(shown.out).not.toContain('\u001b');
    },
  );

  it('tells the whole story of a subject', async () => {
    expect((await screen('vmid:1001')).out).toMatch(/Documented[\s\S]*Observed[\s\S]*Attested/);
  });

  it.each([
    [['nothing'], /no screen "nothing"/],
    [['vmid:77777'], /nothing here is called/],
    [['guests', '--format', 'xml'], /Formats: text, json, csv, md/],
  ] as const)('refuses %j with words', async (args, words) => {
    const shown = await screen(...args);
    expect(shown.code).toBe(2);
    expect(shown.err).toMatch(words);
  });
});
