import { join } from 'node:path';
import type { DocumentedSubject, Observation } from '../../src/model/index.ts';
import { writeSnapshot } from '../../src/state/snapshots/snapshot-file.ts';
import { AT, guest, observation, snapshotOf, subject } from '../model/make.ts';

/**
 * Writes a snapshot with something of everything in it, wide characters too: read offline, its screens stand still, so that two ways of
 * drawing them can be compared.
 * @returns its path
 */
export async function offlineSnapshot(folder: string, guests = 40): Promise<string> {
  const subjects: DocumentedSubject[] = [
    subject({ id: 'chain:138', kind: 'chain', name: 'Chain 138' }),
    subject({ id: 'host:h1', kind: 'host', name: 'h1' }),
    subject({ id: 'host:h2', kind: 'host', name: '主机二' }),
    subject({ id: 'tier:public', kind: 'tier', name: 'public' }),
    subject({ id: 'program:aries', kind: 'program', name: 'Aries', status: 'planned', critical: false }),
  ];
  const seen: Observation[] = [
    observation({
      subject: 'host:h1',
      probe: 'pve-version',
      answer: {
        class: 'ok',
        facts: {},
        checks: [{ id: 'x', result: 'pass', reason: 'Proxmox VE answers', next: '' }],
      },
    }),
  ];
  for (let index = 0; index < guests; index += 1) {
    const vmid = 1000 + index;
    const id = `vmid:${vmid}` as const;
    subjects.push(
      subject({
        id,
        vmid,
        name: index % 7 === 3 ? `节点-${index} 漢字の名前` : `guest-${index}`,
        category: index % 5 === 0 ? 'dlt' : 'rpc_public',
        ...(index % 3 === 0 ? { tier: 'public' as const } : {}),
        ...(index > 0 ? { dependsOn: ['vmid:1000' as const] } : {}),
      }),
    );
    if (index % 4 === 0)
      seen.push(
        observation({
          subject: id,
          answer: { class: 'timeout', detail: 'no answer in 4 s', facts: {}, checks: [] },
          level: 'none',
        }),
      );
    else
      seen.push(
        guest('running', { subject: id }),
        observation({
          subject: id,
          answer: {
            class: 'ok',
            facts: { number: String(100 + index), timestamp: String(AT / 1000), round: 0 },
            checks: [],
          },
        }),
      );
  }
  return writeSnapshot(join(folder, 'snapshot'), snapshotOf(subjects, seen), new Map());
}
