/** Records for the crash script: one step that fails and is done again, for ever. */

import type { Journal } from '../src/evidence/journal/journal.ts';
import { canonicalBytes, sha256Hex } from '../src/evidence/record/canonical.ts';
import { canonicalBytes as runbookForm } from '../src/model/canonical-json.ts';
import type { Hex } from '../src/model/json.ts';
import type { Actor, ConfirmBody, OpenBody, RecordBase } from '../src/model/record.ts';

export const CRASH_ESTATE = 'demo:crash';
/** A key that anyone can read here; it vouches for nothing. */
export const CRASH_KEY = `0x${'c4'.repeat(32)}`;

export const CRASH_RUNBOOK: Uint8Array = runbookForm({
  format: 'c138-runbook',
  v: 1,
  id: 'crash',
  version: '1',
  title: 'Crash test',
  origin: 'bundled-default',
  references: [],
  roles: ['performer'],
  windowMinutes: null,
  variables: [],
  steps: [
    {
      id: 'again',
      title: 'Do it again',
      mode: 'read-do',
      instructions: 'Again.',
      subject: null,
      expected: 'nothing lost',
      gates: [],
      verdicts: ['confirmed', 'failed'],
      command: null,
      expectExit: 0,
      optional: false,
      critical: false,
      witness: false,
      approval: false,
      pause: false,
      backOut: null,
      budgetMinutes: null,
      onFailure: { action: 'retry', step: null },
    },
  ],
});

export function crashActor(address: Hex): Actor {
  const person = `throw-away-${address.slice(2, 10)}`;
  return {
    person,
    name: `Throw-away key ${address.slice(0, 10)} (not a real person)`,
    address,
    role: 'performer',
    meaning: 'performed',
  };
}

/** Where a record goes: what a journal says, or what somebody says who writes lines without one. */
export type Place = Pick<Journal, 'session' | 'next' | 'trustSha256'>;

export function crashBase(journal: Pick<Place, 'session' | 'next'>, actor: Actor | null): RecordBase {
  return {
    v: 1,
    session: journal.session,
    ...journal.next,
    at: new Date().toISOString(),
    clock: { mono_ns: String(process.hrtime.bigint()), boot_id: 'crash', synced: null, source: 'test' },
    where: { host: 'crash', node: null, vmid: null, tty: null, ssh_peer_sha256: null, uid: 0, user: 'crash' },
    actor,
    tool: { name: 'c138', version: 'crash', build_sha256: null },
  };
}

export function crashOpen(journal: Place, actor: Actor): OpenBody {
  return {
    ...crashBase(journal, actor),
    kind: 'open',
    open: {
      estate_id: CRASH_ESTATE,
      trust_sha256: journal.trustSha256,
      runbook: {
        id: 'crash',
        version: '1',
        sha256: sha256Hex(CRASH_RUNBOOK),
        source_sha256: sha256Hex(canonicalBytes('crash')),
      },
      prev_seal: null,
      variables: {},
      chain_header: null,
    },
  };
}

/** A small answer that is given again and again. */
export function crashStep(journal: Pick<Place, 'session' | 'next'>, actor: Actor, text: string): ConfirmBody {
  return {
    ...crashBase(journal, actor),
    kind: 'confirm',
    step: {
      id: 'again',
      text,
      expected: 'nothing lost',
      mode: 'read-do',
      critical: false,
      subject: null,
      registered_status: null,
    },
    verdict: 'failed',
    observations: [],
    claims: [],
    note: 'again',
  };
}

export function crashConfirm(
  journal: Journal,
  actor: Actor,
  raw: { readonly sha256: string; readonly bytes: number },
): ConfirmBody {
  const at = new Date().toISOString();
  return {
    ...crashStep(journal, actor, 'Do it again'),
    observations: [
      {
        probe: 'crash',
        subject: 'host:crash',
        endpoint: 'crash',
        level: 'none',
        request: 'none',
        answer: {
          class: 'ok',
          facts: { padding: 'x'.repeat(Math.floor(Math.random() * 9_000)) },
          checks: [],
        },
        vantage: 'crash',
        started: at,
        ended: at,
        raw: { ...raw, truncated: false, redactions: [] },
      },
    ],
  };
}
