import type {
  Conflict,
  DocumentedEstate,
  DocumentedSubject,
  Json,
  Observation,
  Snapshot,
  SourceRef,
} from '../model/index.ts';
import { couldLook } from '../model/index.ts';

/** A band of the operators' VMID allocation plan and the template categories that belong there. */
interface Band {
  readonly from: number;
  readonly to: number;
  readonly domain: string;
  readonly categories: readonly string[];
}

const RPC = ['rpc_core', 'rpc_public', 'rpc_private', 'rpc_named', 'rpc_thirdweb', 'rpc_alltra_hybx'];
const BAND_SOURCE: SourceRef = {
  document: 'docs/02-architecture/VMID_ALLOCATION_FINAL.md',
  locator: 'v1.1, allocation bands',
  date: '2026-02-26',
  rank: 3,
};

/**
 * The allocation bands of the operators' plan of 2026-02-26. They are only ever compared with the template's category: live RPC nodes lie in the
 * band of the sentries, so what a guest is must not be read from its band.
 */
export const VMID_BANDS: readonly Band[] = [
  { from: 1000, to: 1499, domain: 'validators', categories: ['besu_validator'] },
  { from: 1500, to: 2499, domain: 'sentries', categories: ['besu_sentry'] },
  { from: 2500, to: 3499, domain: 'RPC and gateways', categories: RPC },
  { from: 3500, to: 4299, domain: 'archive / telemetry', categories: ['monitoring'] },
  { from: 4300, to: 4999, domain: 'Besu reserve', categories: [] },
  { from: 5000, to: 5099, domain: 'Blockscout', categories: ['explorer'] },
  { from: 5200, to: 5299, domain: 'Cacti', categories: ['monitoring'] },
  { from: 5400, to: 5599, domain: 'CCIP DON', categories: [] },
  { from: 5700, to: 5999, domain: 'AI / agents / development', categories: [] },
  { from: 6000, to: 6099, domain: 'Fabric', categories: ['dlt'] },
  { from: 6200, to: 6299, domain: 'FireFly', categories: ['firefly'] },
  { from: 6400, to: 7399, domain: 'Indy', categories: ['dlt'] },
  { from: 7800, to: 8999, domain: 'Sankofa / Phoenix / PanTel', categories: [] },
  { from: 10_000, to: 13_999, domain: 'sovereign cloud band', categories: ['npmplus', 'infra'] },
];
/** Categories that the plan has a band for; of the others it says nothing. */
const PLACED = new Set(VMID_BANDS.flatMap((band) => band.categories));

/** Guests whose category and VMID band do not agree, one conflict for each pair of category and band. Pure. */
export function bandConflicts(subjects: readonly DocumentedSubject[]): readonly Conflict[] {
  const wrong = subjects.flatMap((subject) => {
    const { vmid, category } = subject;
    if (vmid === undefined || category === undefined || !PLACED.has(category)) return [];
    const band = VMID_BANDS.find((one) => one.from <= vmid && vmid <= one.to);
    if (band?.categories.includes(category) === true) return [];
    return [{ subject, category, band: band?.domain ?? 'no band' }];
  });
  return [...Map.groupBy(wrong, (one) => `${one.category} ${one.band}`).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const ids = group.map((one) => one.subject.vmid).join(', ');
    return [
      {
        subject: first.subject.id,
        field: 'vmid-band',
        sides: [
          {
            value: `${ids}: ${first.category}`,
            source: first.subject.sources[0] ?? { document: 'template', rank: 1 as const },
          },
          { value: `${ids}: ${first.band}`, source: BAND_SOURCE },
        ],
        note: 'the category is in force; a VMID band never says what a guest is',
      },
    ];
  });
}

/** Subjects that share an address, by address. Two records with one address are a shared or historical mapping: the live owner is to be verified. */
export function duplicateAddresses(subjects: readonly DocumentedSubject[]): readonly Conflict[] {
  const byAddress = Map.groupBy(
    subjects.filter((subject) => subject.address !== undefined),
    (subject) => bareAddress(subject.address ?? ''),
  );
  const out: Conflict[] = [];
  for (const [address, sharing] of byAddress) {
    const [first] = sharing;
    if (sharing.length < 2 || first === undefined) continue;
    out.push({
      subject: first.id,
      field: 'address',
      sides: sharing.map((subject) => ({
        value: `${subject.id} ${address}`,
        source: subject.sources[0] ?? { document: 'template', rank: 1 as const },
      })),
      note: `${sharing.length} records share ${address}: a shared or historical mapping, whose live owner is to be verified`,
    });
  }
  return out;
}

/** `192.168.11.5/24`, `192.168.11.5:8545` and `192.168.11.5` are one address. */
export function bareAddress(address: string): string {
  const text = address.trim();
  const plain = /^(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])/.exec(text) ?? /^\[([0-9a-f:.]+)\]/i.exec(text);
  return (plain?.[1] ?? text.replace(/\/\d+$/, '')).toLowerCase();
}

/**
 * What was seen against what is documented: an address that another guest has, a guest with another address or name than documented, and two
 * running guests with one address. Only fresh looks that succeeded count. A template is compared by `name`, since Proxmox knows no
 * other. Kind and tier are never taken from any of it. Pure.
 */
export function liveConflicts(snapshot: Snapshot): readonly Conflict[] {
  const { estate } = snapshot;
  const live = liveAddresses(snapshot.observations);
  const out: Conflict[] = [];
  const owners = new Map<string, DocumentedSubject[]>();
  for (const subject of estate.subjects)
    if (subject.address !== undefined) {
      const key = bareAddress(subject.address);
      owners.set(key, [...(owners.get(key) ?? []), subject]);
    }
  for (const [address, seen] of live) {
    const guests = [...new Map(seen.map((one) => [one.subject, one])).values()];
    const planned = owners.get(address) ?? [];
    const strangers = guests.filter((one) => !planned.some((subject) => subject.id === one.subject));
    const [first] = guests;
    if (first === undefined) continue;
    if (guests.length > 1)
      out.push({
        subject: first.subject,
        field: 'address',
        sides: guests.map((one) => side(`${one.subject} has ${address}`, one)),
        note: `${guests.length} guests were seen with ${address}; when both run, neither can be relied on`,
      });
    if (planned.length > 0 && strangers.length > 0)
      out.push({
        subject: planned[0]?.id ?? first.subject,
        field: 'address',
        sides: [
          ...planned.map((subject) => ({
            value: `${subject.id} should have ${address}`,
            source: subject.sources[0] ?? { document: 'template', rank: 1 as const },
          })),
          ...strangers.map((one) => side(`${one.subject} has ${address}`, one)),
        ],
        note: 'planned against live: find out which guest answers there before anything is changed',
      });
  }
  return [...out, ...ownAddress(estate, live), ...namesSeen(snapshot)];
}

function side(value: string, one: Observation): Conflict['sides'][number] {
  return {
    value,
    source: {
      document: `seen by ${one.probe} at ${one.endpoint}`,
      locator: one.request,
      date: one.ended.slice(0, 10),
      rank: 1,
    },
  };
}

/** Guests that were seen with addresses, none of which is the documented one. */
function ownAddress(
  estate: DocumentedEstate,
  live: ReadonlyMap<string, readonly Observation[]>,
): readonly Conflict[] {
  const bySubject = new Map<string, { addresses: string[]; seen: Observation }>();
  for (const [address, seen] of live)
    for (const one of seen) {
      const known = bySubject.get(one.subject);
      if (known === undefined) bySubject.set(one.subject, { addresses: [address], seen: one });
      else if (!known.addresses.includes(address)) known.addresses.push(address);
    }
  return estate.subjects.flatMap((subject) => {
    const found = bySubject.get(subject.id);
    if (found === undefined || subject.address === undefined) return [];
    if (found.addresses.includes(bareAddress(subject.address))) return [];
    return [
      {
        subject: subject.id,
        field: 'address',
        sides: [
          {
            value: subject.address,
            source: subject.sources[0] ?? { document: 'template', rank: 1 as const },
          },
          side(found.addresses.join(', '), found.seen),
        ],
        note: 'the guest was seen with another address than the documents give it',
      },
    ];
  });
}

/** Guests whose name in Proxmox is not the documented one. */
function namesSeen(snapshot: Snapshot): readonly Conflict[] {
  const newest = new Map<string, Observation>();
  for (const one of snapshot.observations)
    if (one.probe === 'pve-guest' && couldLook(one.answer) && typeof one.answer.facts.name === 'string')
      newest.set(one.subject, one);
  return snapshot.estate.subjects.flatMap((subject) => {
    const one = newest.get(subject.id);
    const name = one?.answer.facts.name;
    if (one === undefined || typeof name !== 'string' || subject.sources.length === 0) return [];
    if (shortName(name) === shortName(subject.name)) return [];
    return [
      {
        subject: subject.id,
        field: 'name',
        sides: [
          { value: subject.name, source: subject.sources[0] ?? { document: 'template', rank: 1 as const } },
          side(name, one),
        ],
        note: 'the guest has another name in Proxmox',
      },
    ];
  });
}

/** A host name without its domain, in lower case. */
function shortName(name: string): string {
  return name.toLowerCase().split('.')[0] ?? '';
}

/** Addresses that guests were seen to have: the fact `addresses` of any probe, without loopback and link-local ones. */
function liveAddresses(observations: readonly Observation[]): ReadonlyMap<string, readonly Observation[]> {
  const out = new Map<string, Observation[]>();
  for (const one of observations) {
    if (!one.subject.startsWith('vmid:') || !couldLook(one.answer)) continue;
    for (const address of textList(one.answer.facts.addresses)) {
      const key = bareAddress(address);
      if (/^(127\.|169\.254\.|fe80:|::1$)/.test(key) || !/^[0-9a-f.:]+$/.test(key)) continue;
      out.set(key, [...(out.get(key) ?? []), one]);
    }
  }
  return out;
}

function textList(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** Every disagreement that a snapshot shows: between documents, and between documents and what was seen. */
export function allConflicts(snapshot: Snapshot): readonly Conflict[] {
  return [...snapshot.estate.conflicts, ...liveConflicts(snapshot)];
}
