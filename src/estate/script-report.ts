import { createHash } from 'node:crypto';
import type { Conflict, EstateAssessment, Health, Json, SourceRef, SubjectId } from '../model/index.ts';
import { couldLook, type Observation, type Snapshot, sanitiseJson, sanitiseLine } from '../model/index.ts';
import { documentDate, markdownTables } from './documents/markdown-tables.ts';
import { columnOf, isBlank, vmidsOf } from './documents/table-reader.ts';

/** What a word of the report stands for: whether a thing runs, or how it is doing. */
export type ScriptState = 'up' | 'down' | 'well' | 'ill';

/** One statement of the operators' own discovery script. */
export interface ScriptClaim {
  readonly subject: SubjectId;
  readonly state: ScriptState;
  /** Its own word. */
  readonly word: string;
  readonly source: SourceRef;
}

/** A report of the operators' own discovery script, as far as it can be read. */
export interface ScriptReport {
  readonly document: string;
  readonly sha256: string;
  readonly claims: readonly ScriptClaim[];
  /** Words that say nothing here, each once. */
  readonly unread: readonly string[];
}

const STATES: readonly (readonly [ScriptState, RegExp])[] = [
  ['up', /^(running|up|started|online|active)\b/i],
  ['down', /^(stopped|down|offline|inactive|not running)\b/i],
  ['well', /^(ok|pass(ed)?|healthy|good|reachable|✅|✓|✔)/i],
  ['ill', /^(fail(ed|ure)?|error|critical|unhealthy|unreachable|bad|❌|✗|✘)/i],
];
const VMID_KEYS = ['vmid', 'ctid', 'vm_id', 'id'];
const HOST_KEYS = ['node', 'host', 'hostname', 'name'];
const STATE_KEYS = ['status', 'state', 'runtime_state', 'result', 'health'];

/**
 * Reads a report whose form is not public: tables of Markdown with a VMID or a host and a column of state, or JSON records with such keys. A word
 * that is not known says nothing and is listed. Pure.
 */
export function readScriptReport(text: string, document: string): ScriptReport {
  const sha256 = createHash('sha256').update(text).digest('hex');
  const date = documentDate(text);
  const claims: ScriptClaim[] = [];
  const unread = new Set<string>();
  const claim = (subject: SubjectId, word: string, locator: string): void => {
    if (isBlank(word)) return;
    const state = STATES.find(([, pattern]) => pattern.test(word.trim()))?.[0];
    if (state === undefined) {
      if (unread.size < 20) unread.add(sanitiseLine(word, 60));
      return;
    }
    claims.push({
      subject,
      state,
      word: sanitiseLine(word, 80),
      source: { document, locator, rank: 2, ...(date === null ? {} : { date }) },
    });
  };
  const json = parsed(text);
  if (json === null) fromTables(text, claim);
  else fromJson(json, claim);
  return { document, sha256, claims, unread: [...unread] };
}

type Claim = (subject: SubjectId, word: string, locator: string) => void;

function parsed(text: string): Json | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return sanitiseJson(JSON.parse(text)) as Json;
  } catch {
    return null;
  }
}

function fromTables(text: string, claim: Claim): void {
  for (const table of markdownTables(text)) {
    const vmid = columnOf(table, 'vmid');
    const host = vmid < 0 ? columnOf(table, 'host') : -1;
    const state = [columnOf(table, 'status'), columnOf(table, 'runtime')].find((one) => one >= 0) ?? -1;
    if (state < 0 || (vmid < 0 && host < 0)) continue;
    for (const { cells, line } of table.rows) {
      const word = cells[state] ?? '';
      if (vmid >= 0) for (const one of vmidsOf(cells[vmid] ?? '')) claim(`vmid:${one}`, word, `line ${line}`);
      else if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(cells[host] ?? ''))
        claim(`host:${cells[host]}`, word, `line ${line}`);
    }
  }
}

function fromJson(json: Json, claim: Claim): void {
  const visit = (value: Json, at: string, depth: number): void => {
    if (depth > 10 || value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, `${at}/${index}`, depth + 1);
      return;
    }
    const record = value as { readonly [key: string]: Json };
    const text = (keys: readonly string[]): string | null => {
      const key = keys.find((one) => typeof record[one] === 'string' || typeof record[one] === 'number');
      return key === undefined ? null : String(record[key]);
    };
    const [vmid, host, state] = [text(VMID_KEYS), text(HOST_KEYS), text(STATE_KEYS)];
    if (state !== null && vmid !== null && /^[1-9]\d{2,8}$/.test(vmid))
      claim(`vmid:${Number(vmid)}`, state, at);
    else if (state !== null && host !== null && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(host))
      claim(`host:${host}`, state, at);
    for (const [key, item] of Object.entries(record)) visit(item, `${at}/${key}`, depth + 1);
  };
  visit(json, '', 0);
}

/**
 * Where the operators' script and our own probes disagree, with both sides. What we could not look at disagrees with nothing, and neither does a thing that
 * only one of the two speaks of. Of the script's exit code only zero and not zero are told apart. Pure.
 * @param exit exit code of the script, or null where it is not known
 */
export function scriptConflicts(
  report: ScriptReport,
  exit: number | null,
  snapshot: Snapshot,
  assessment: EstateAssessment,
): readonly Conflict[] {
  const health = new Map(assessment.subjects.map((one) => [one.subject.id, one.health]));
  const seen = newestRuns(snapshot.observations);
  const out: Conflict[] = [];
  for (const one of report.claims) {
    const ours = oursAgainst(one, seen.get(one.subject), health.get(one.subject));
    if (ours === null) continue;
    out.push({
      subject: one.subject,
      field: 'discovery-script',
      sides: [{ value: one.word, source: one.source }, ours],
      note: "the operators' script and our own probes disagree; look again before either is believed",
    });
  }
  const { exitCode, result } = assessment.verdict;
  const disagrees = exit !== null && ((exit === 0 && exitCode === 1) || (exit !== 0 && exitCode === 0));
  if (disagrees)
    out.push({
      subject: `chain:${snapshot.estate.chainId}`,
      field: 'discovery-verdict',
      sides: [
        { value: `exit code ${exit}`, source: { document: report.document, rank: 2 } },
        {
          value: `exit code ${exitCode}, ${result}`,
          source: { document: 'c138 discover', date: snapshot.ended.slice(0, 10), rank: 1 },
        },
      ],
      note: "the exit code is the verdict of either; what the script's codes mean besides zero is not public",
    });
  return out;
}

type Side = Conflict['sides'][number];

function oursAgainst(
  claim: ScriptClaim,
  seen: Observation | undefined,
  health: Health | undefined,
): Side | null {
  if (claim.state === 'up' || claim.state === 'down') {
    if (seen === undefined) return null;
    const { run, online } = seen.answer.facts;
    const up = run === 'running' || online === true;
    const down = run === 'stopped' || run === 'absent' || online === false;
    if ((claim.state === 'up' && !down) || (claim.state === 'down' && !up)) return null;
    const value = typeof run === 'string' ? run : online === true ? 'online' : 'offline';
    return {
      value,
      source: {
        document: `seen by ${seen.probe} at ${seen.endpoint}`,
        locator: seen.request,
        date: seen.ended.slice(0, 10),
        rank: 1,
      },
    };
  }
  const opposite = claim.state === 'well' ? health === 'failed' : health === 'ok' || health === 'as-expected';
  if (!opposite || health === undefined) return null;
  return { value: health, source: { document: 'assessed by c138', rank: 1 } };
}

function newestRuns(observations: readonly Observation[]): ReadonlyMap<SubjectId, Observation> {
  const out = new Map<SubjectId, Observation>();
  for (const one of observations) {
    if ((one.probe !== 'pve-guest' && one.probe !== 'pve-node') || !couldLook(one.answer)) continue;
    const known = out.get(one.subject);
    if (known === undefined || known.ended <= one.ended) out.set(one.subject, one);
  }
  return out;
}
