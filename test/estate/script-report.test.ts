import { describe, expect, it } from 'vitest';
import { readScriptReport, scriptConflicts } from '../../src/estate/index.ts';
import { assessEstate } from '../../src/model/index.ts';
import { estateOf, observationOf, snapshotOf, subjectOf } from '../state/fixtures.ts';

const REPORT = `# Phase 1 discovery

Last updated: 2026-11-20

| VMID | Name | Status |
|---|---|---|
| 1 | a | n/a |
| 1000 | a | running |
| 1001 | b | stopped |
| 1002 | c | ✅ ok |
| 1003 | d | somewhere |

| Host | Status |
|---|---|
| node-a | online |
`;
const guest = (vmid: number, run: string) =>
  observationOf({
    probe: 'pve-guest',
    subject: `vmid:${vmid}`,
    level: 'presence',
    answer: { class: 'ok', facts: { run }, checks: [] },
  });
const against = (
  text: string,
  exit: number | null,
  observations = [guest(1000, 'stopped'), guest(1001, 'stopped')],
) => {
  const estate = estateOf({
    subjects: [1000, 1001, 1002].map((vmid) =>
      subjectOf(`vmid:${vmid}`, { vmid, expectedRun: 'running', critical: vmid === 1002 }),
    ),
  });
  const snapshot = snapshotOf({ estate, observations });
  const assessment = assessEstate(snapshot, Date.parse(snapshot.ended));
  return scriptConflicts(readScriptReport(text, 'their.md'), exit, snapshot, assessment);
};

describe("the report of the operators' own script", () => {
  it('is read from tables and from JSON, with place and date; unknown words are listed', () => {
    const read = readScriptReport(REPORT, 'their.md');
    expect(read.claims.map((one) => `${one.subject} ${one.state}`)).toEqual([
      'vmid:1000 up',
      'vmid:1001 down',
      'vmid:1002 well',
      'host:node-a up',
    ]);
    expect(read.claims[0]?.source).toEqual({
      document: 'their.md',
      locator: 'line 8',
      rank: 2,
      date: '2026-11-20',
    });
    expect(read.unread).toEqual(['somewhere']);
    const json = readScriptReport(
      '{"guests":[{"vmid":"1000","status":"running"},{"node":"x","state":"offline"}]}',
      'r.json',
    );
    expect(json.claims.map((one) => `${one.subject} ${one.state}`)).toEqual(['vmid:1000 up', 'host:x down']);
    expect(readScriptReport('nothing at all', 'x').claims).toEqual([]);
  });

  it('gives a conflict with both sides where our probes saw the opposite, and none where nobody looked', () => {
    const found = against(REPORT, null);
    expect(found.map((one) => [one.subject, one.sides.map((side) => side.value)])).toEqual([
      ['vmid:1000', ['running', 'stopped']],
    ]);
    expect(found[0]?.sides[1]?.source.document).toMatch(/seen by pve-guest/);
    expect(against(REPORT, null, [guest(1000, 'unknown')])).toEqual([]);
    expect(
      against(REPORT, null, [guest(1002, 'stopped')]).map((one) => one.sides.map((side) => side.value)),
    ).toEqual([['✅ ok', 'failed']]);
  });

  it('sets verdict against verdict', () => {
    const failed = [guest(1002, 'stopped')];
    expect(against('', 0, failed).map((one) => one.sides.map((side) => side.value))).toEqual([
      ['exit code 0', 'exit code 1, critical-failure'],
    ]);
    expect(against('', 1, failed)).toEqual([]);
    expect(against('', 0)).toEqual([]);
  });
});
