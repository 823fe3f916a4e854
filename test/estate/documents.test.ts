import { describe, expect, it } from 'vitest';
import {
  allConflicts,
  applyDocuments,
  bandConflicts,
  importFxCatalog,
  importHardware,
  importHyperledgerStatus,
  importNodeRoleMatrix,
  importRtgsMatrix,
  importTemplate,
  leadingWord,
  markdownTables,
} from '../../src/estate/index.ts';
import { hasHostile } from '../../src/model/index.ts';
import { estateOf, observationOf, snapshotOf, subjectOf } from '../state/fixtures.ts';
import { MATRIX, RTGS_1, RTGS_2, TEMPLATE } from './repository.ts';

describe('tables of Markdown', () => {
  it('are found by their delimiter row, with headings and lines, and not inside code', () => {
    const tables = markdownTables(
      'text | no table\n\n# One\n\n| **a** | b\\|c |\n|:--|--:|\n| `x` | [y](z) |\n| short |\n\n```\n| n | o |\n|---|---|\n| p | q |\n```\n',
    );
    expect(tables).toHaveLength(1);
    expect(tables[0]).toMatchObject({ heading: 'One', line: 5, columns: ['a', 'b|c'] });
    expect(tables[0]?.rows).toEqual([
      { line: 7, cells: ['x', 'y'] },
      { line: 8, cells: ['short', ''] },
    ]);
  });

  it('let no control character through', () => {
    const [table] = markdownTables('| a |\n|---|\n| x\u001b[31m\u202e |\n');
    expect(hasHostile(table?.rows[0]?.cells[0] ?? '\u001b')).toBe(false);
  });
});

describe('importers', () => {
  it('read the node role matrix by header names, with line and date', () => {
    const read = importNodeRoleMatrix(MATRIX, 'matrix.md', null);
    expect(read.date).toBe('2026-03-29');
    expect(read.facts).toContainEqual({
      subject: 'vmid:6000',
      name: 'made-fabric-1',
      field: 'state',
      value: 'placeholder CT only',
      vocabulary: 'runtime state',
      source: { document: 'matrix.md', locator: 'line 24', rank: 3, date: '2026-03-29' },
    });
    expect(read.facts).toContainEqual(
      expect.objectContaining({ subject: 'host:ml110', field: 'address', value: '10.9.0.10' }),
    );
    expect(read.facts.some((one) => one.field === 'category')).toBe(false);
  });

  it('read the RTGS matrix in both of its shapes', () => {
    const one = importRtgsMatrix(RTGS_1, 'r.md', null);
    const two = importRtgsMatrix(RTGS_2, 'r.md', '2026-04-01');
    const state = (facts: typeof one.facts, subject: string) =>
      facts.find((fact) => fact.subject === subject && fact.field === 'state');
    expect(state(one.facts, 'vmid:6200')).toMatchObject({ value: 'Partial', vocabulary: 'RTGS matrix' });
    expect(state(two.facts, 'vmid:6200')).toMatchObject({ value: 'Partial', vocabulary: 'RTGS matrix' });
    for (const vmid of [6000, 6001, 6002])
      expect(state(one.facts, `vmid:${vmid}`)?.value).toBe('Reserved placeholder');
    expect(state(one.facts, 'program:mojaloop')?.value).toBe('Planned');
    expect(state(two.facts, 'program:mojaloop')).toMatchObject({ vocabulary: null });
    expect(two.notes.some((note) => note.text.includes('Partially thought about'))).toBe(true);
  });

  it('keep the vocabularies apart', () => {
    expect(leadingWord('Partial. The gateway answers', 'RTGS matrix')).toBe('Partial');
    expect(leadingWord('Partially implemented', 'RTGS matrix')).toBeNull();
    expect(leadingWord('Partially implemented', 'FX catalog')).toBe('Partially implemented');
    expect(leadingWord('Implemented now', 'RTGS matrix')).toBeNull();
    const fx =
      '| Family | Description | Current status | Primary systems |\n|---|---|---|---|\n| M0 to M1 | x | Implemented now | y |\n';
    expect(importFxCatalog(fx, 'fx.md', null).facts[0]).toMatchObject({
      subject: 'program:m0-to-m1',
      vocabulary: 'FX catalog',
    });
    const status = '| Node / VMID | Status |\n|---|---|\n| 6400 | Reserved placeholder |\n';
    expect(importHyperledgerStatus(status, 's.md', null).facts[0]).toMatchObject({ subject: 'vmid:6400' });
  });

  it('say when a document has nothing that can be read', () => {
    for (const importer of [importNodeRoleMatrix, importRtgsMatrix, importHardware])
      expect(importer('# Nothing\n', 'x.md', null).notes[0]?.level).toBe('missing');
  });
});

describe('documents beside the template', () => {
  const template = importTemplate(TEMPLATE, 't.json', {}, '2026-04-08');
  const applied = applyDocuments(template.subjects, [
    importNodeRoleMatrix(MATRIX, 'matrix.md', null),
    importRtgsMatrix(RTGS_1, 'rtgs.md', null),
  ]);

  it('show every side of a disagreement with rank and date, and say what is in force', () => {
    const conflict = applied.conflicts.find((one) => one.subject === 'vmid:2201' && one.field === 'address');
    expect(conflict?.sides).toEqual([
      {
        value: '10.9.0.221',
        source: expect.objectContaining({ document: 't.json', rank: 1, date: '2026-04-08' }),
      },
      {
        value: '10.9.0.222',
        source: expect.objectContaining({ document: 'matrix.md', rank: 3, date: '2026-03-29' }),
      },
    ]);
    expect(conflict?.note).toContain('in force: 10.9.0.221');
    expect(applied.subjects.find((one) => one.id === 'vmid:2201')?.address).toBe('10.9.0.221');
    const state = applied.conflicts.find((one) => one.subject === 'vmid:6200' && one.field === 'state');
    expect(state?.sides.map((one) => one.value)).toEqual(['active (runtime state)', 'Partial (RTGS matrix)']);
    expect(applied.conflicts.some((one) => one.subject === 'vmid:1000')).toBe(false);
    expect(applied.conflicts.some((one) => one.subject === 'vmid:6000' && one.field === 'state')).toBe(false);
  });

  it('take over what only a document says, never a category', () => {
    const aries = applied.subjects.find((one) => one.id === 'vmid:6500');
    expect(aries).toMatchObject({ name: 'made-aries', address: '10.9.0.150', owner: 'TBD' });
    expect(aries?.category).toBeUndefined();
    expect(aries?.critical).toBe(false);
    expect(applied.notes.some((one) => one.text.includes('vmid:6500'))).toBe(true);
  });

  it('name guests in the wrong band without taking the band for a kind', () => {
    const [conflict, ...more] = bandConflicts(applied.subjects);
    expect(more).toEqual([]);
    expect(conflict).toMatchObject({ subject: 'vmid:2201', field: 'vmid-band' });
    expect(conflict?.sides.map((one) => one.value)).toEqual(['2201: rpc_public', '2201: sentries']);
  });
});

describe('planned against live', () => {
  const guest = (vmid: number, addresses: string[], more: Record<string, string> = {}) =>
    observationOf({
      probe: 'pve-guest-config',
      subject: `vmid:${vmid}`,
      endpoint: 'pve-a',
      answer: { class: 'ok', facts: { addresses, ...more }, checks: [] },
    });
  const source = { document: 't.json', rank: 1 as const };
  const estate = estateOf({
    subjects: [
      subjectOf('vmid:1', { address: '10.0.0.1', sources: [source] }),
      subjectOf('vmid:2', { address: '10.0.0.2', sources: [source] }),
    ],
  });

  it('finds an address that somebody else has, and one that two guests have', () => {
    const found = allConflicts(
      snapshotOf({ estate, observations: [guest(1, ['10.0.0.1/24']), guest(3, ['10.0.0.2', '127.0.0.1'])] }),
    );
    expect(found.map((one) => one.sides.map((side) => side.value))).toEqual([
      ['vmid:2 should have 10.0.0.2', 'vmid:3 has 10.0.0.2'],
    ]);
    const two = allConflicts(
      snapshotOf({ estate, observations: [guest(1, ['10.0.0.1']), guest(3, ['10.0.0.1'])] }),
    );
    expect(two.some((one) => one.note.startsWith('2 guests were seen with 10.0.0.1'))).toBe(true);
  });

  it('finds a guest with another address or name, and says nothing of a look that failed', () => {
    const named = observationOf({
      probe: 'pve-guest',
      subject: 'vmid:1',
      answer: { class: 'ok', facts: { name: 'other' }, checks: [] },
    });
    const found = allConflicts(snapshotOf({ estate, observations: [guest(1, ['10.0.0.7']), named] }));
    expect(found.map((one) => one.field)).toEqual(['address', 'name']);
    const failed = observationOf({
      ...named,
      answer: { class: 'timeout', facts: { name: 'x' }, checks: [] },
    });
    expect(allConflicts(snapshotOf({ estate, observations: [failed] }))).toEqual([]);
  });
});
