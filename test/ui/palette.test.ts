import { describe, expect, it } from 'vitest';
import { complete, type PaletteWorld, readLine, suggestionsFor } from '../../src/ui/commands/palette.ts';

const world: PaletteWorld = {
  where: 'lists',
  subjects: [
    { id: 'vmid:6200', name: 'firefly-1' },
    { id: 'vmid:6201', name: 'firefly-2' },
    { id: 'chain:138', name: 'Chain 138' },
  ],
  runbooks: [{ id: 'phase3-follow-ups', title: 'Phase 3 manual follow-ups' }],
  columns: ['VMID', 'name', ''],
};

describe('the palette', () => {
  it('completes words, then what they take, as far as it is certain', () => {
    expect(complete('gu', world)).toBe('guests');
    expect(complete('sh', world)).toBe('show ');
    expect(complete('show vmid', world)).toBe('show vmid:620');
    expect(complete('show chain', world)).toBe('show chain:138');
    expect(complete('show firefly-2', world)).toBe('show vmid:6201');
    expect(complete('run ', world)).toBe('run phase3-follow-ups');
    expect(complete('sort n', world)).toBe('sort name');
    expect(complete('nothing', world)).toBe('nothing');
  });

  it('offers what works here only', () => {
    const words = (where: 'lists' | 'run') =>
      suggestionsFor('', { ...world, where }).map((one) => one.line.trim());
    expect(words('lists')).not.toContain('attach');
    expect(words('run')).toContain('attach');
    expect(words('lists')).toContain('overview');
  });

  it('reads a whole line, a shortened word, and says what is missing', () => {
    expect(readLine('show vmid:6000', 'lists')).toEqual({ command: 'show', argument: 'vmid:6000' });
    expect(readLine('  gue ', 'lists')).toEqual({ command: 'screen-guests', argument: '' });
    expect(readLine('filter a  b', 'lists')).toEqual({ command: 'filter', argument: 'a  b' });
    expect(readLine('show', 'lists')).toEqual({ error: expect.stringMatching(/needs more: show SUBJECT/) });
    expect(readLine('h', 'lists')).toEqual({ error: expect.stringMatching(/could be .*hosts/) });
    expect(readLine('frobnicate', 'lists')).toEqual({ error: expect.stringMatching(/no command/) });
    expect(readLine('attach x', 'lists')).toEqual({ error: expect.stringMatching(/open run only/) });
    expect(readLine('help me', 'lists')).toEqual({ error: expect.stringMatching(/takes nothing/) });
  });
});
