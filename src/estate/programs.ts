import { type DocumentedSubject, unsaidSubject } from '../model/index.ts';
import { statusOfWord } from './vocabulary.ts';

/** What the master plan says of things that have no VMID of their own, in its own words, with the section. */
const PLAN_PROGRAMS: readonly (readonly [id: string, name: string, word: string, section: number])[] = [
  ['aries', 'Hyperledger Aries', 'Planned / aspirational', 2],
  ['anoncreds', 'Hyperledger AnonCreds', 'Planned / aspirational', 2],
  ['ursa', 'Hyperledger Ursa', 'Planned / aspirational', 2],
  ['quilt', 'Hyperledger Quilt', 'Planned / aspirational', 2],
  ['avalon', 'Hyperledger Avalon', 'Planned / aspirational', 2],
  ['cacti', 'Hyperledger Cacti', 'future / optional', 12],
  ['caliper', 'Hyperledger Caliper', 'documentation only', 14],
  ['ceph', 'Ceph-backed distributed storage', 'Planned / aspirational', 8],
  ['network-segmentation', 'Sovereign network segmentation', 'Planned / aspirational', 5],
  ['disaster-recovery', 'Disaster recovery', 'Planned / aspirational', 16],
  ['validator-governance', 'Multi-entity validator governance', 'Planned / aspirational', 10],
  ['end-to-end-flow', 'End-to-end production flow', 'Planned / aspirational', 18],
];

/** The programme items of the master plan as documented subjects. */
export function planPrograms(): readonly DocumentedSubject[] {
  return PLAN_PROGRAMS.map(([id, name, word, section]) => program(id, name, word, section));
}

/** One programme item. */
export function program(id: string, name: string, word: string, section: number | null): DocumentedSubject {
  return {
    ...unsaidSubject(`program:${id}`, name),
    statusWord: word,
    status: statusOfWord(word).status,
    sources: [
      section === null
        ? { document: 'estate file', rank: 1 }
        : { document: 'DBIS Chain 138 Technical Master Plan', locator: `section ${section}`, rank: 4 },
    ],
  };
}
