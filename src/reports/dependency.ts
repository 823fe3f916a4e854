import {
  type Assessment,
  type DependencyGraph,
  dependencyGraph,
  type EstateAssessment,
  type Health,
  type Impact,
  impactsNow,
  impactText,
  type Snapshot,
  type SubjectId,
  sanitiseLine,
} from '../model/index.ts';
import { mdTable, mdText } from './markdown.ts';

/** The dependency context of a snapshot: the graph and what each failure does in it. */
export interface DependencyContext {
  readonly graph: DependencyGraph;
  readonly impacts: ReadonlyMap<SubjectId, Impact>;
}

/** Works out who needs whom and what each failure takes down. Pure. */
export function dependencyContext(snapshot: Snapshot, assessment: EstateAssessment): DependencyContext {
  const graph = dependencyGraph(snapshot.estate, snapshot.observations);
  return { graph, impacts: impactsNow(graph, assessment.subjects) };
}

const MARK: Readonly<Record<Health, string>> = {
  ok: 'ok',
  'as-expected': 'as expected',
  degraded: 'DEGRADED',
  unknown: 'unknown',
  failed: 'FAILED',
};

/** Guests of one kind on one host in one state are one box: a picture of a thousand boxes shows nothing. */
const MAX_BOXES = 120;
const MAX_LINES = 400;

/**
 * The graph as a Mermaid flowchart. Guests that are well are put together by host and category; a guest that is not well has a box of
 * its own, as long as there are not too many. Pure.
 */
export function mermaidOf(context: DependencyContext, assessment: EstateAssessment): string {
  const byId = new Map(assessment.subjects.map((one) => [one.subject.id, one]));
  const { boxOf, boxes } = boxesOf(context, byId);
  const names = new Map([...boxes.keys()].map((key, index) => [key, `n${index}`]));
  const lines = ['flowchart LR'];
  for (const [key, box] of boxes) lines.push(`${names.get(key)}["${label(box.text)}"]:::${box.health}`);
  const drawn = new Set<string>();
  const arrow = (from: SubjectId, to: SubjectId, text: string, dotted: boolean): void => {
    const [a, b] = [names.get(boxOf(from)), names.get(boxOf(to))];
    if (a === undefined || b === undefined || a === b) return;
    drawn.add(`${a} ${dotted ? '-.->' : '-->'}|${label(text)}| ${b}`);
  };
  for (const edge of context.graph.edges) arrow(edge.from, edge.to, edge.basis, edge.basis === 'planned');
  for (const group of context.graph.groups)
    for (const member of group.members)
      arrow(group.id, member, `${group.need} of ${group.members.length}`, false);
  lines.push(...[...drawn].slice(0, MAX_LINES));
  if (drawn.size > MAX_LINES) lines.push(`more["${drawn.size - MAX_LINES} more arrows are not drawn"]`);
  lines.push(
    'classDef failed stroke:#c00,stroke-width:3px',
    'classDef degraded stroke:#b80,stroke-width:2px',
    'classDef unknown stroke-dasharray:4 3',
    'classDef ok stroke:#080',
    'classDef as-expected stroke:#888',
  );
  return lines.join('\n');
}

interface Box {
  readonly text: string;
  readonly health: Health;
}

function boxesOf(
  context: DependencyContext,
  byId: ReadonlyMap<SubjectId, Assessment>,
): { readonly boxOf: (id: SubjectId) => string; readonly boxes: ReadonlyMap<string, Box> } {
  const used = new Set<SubjectId>([
    ...context.graph.edges.flatMap((one) => [one.from, one.to]),
    ...context.graph.groups.flatMap((one) => [one.id, ...one.members]),
  ]);
  const hostOf = new Map(
    context.graph.edges.filter((one) => one.to.startsWith('host:')).map((one) => [one.from, one.to]),
  );
  const keys = new Map<SubjectId, string>();
  const together = new Map<string, SubjectId[]>();
  let single = 0;
  for (const id of used) {
    const one = byId.get(id);
    const well = one === undefined || one.health === 'ok' || one.health === 'as-expected';
    let key: string = id;
    if (id.startsWith('vmid:') && (well || single >= MAX_BOXES))
      key = `${hostOf.get(id) ?? 'no host'} ${one?.subject.category ?? 'other'} ${one?.health ?? 'unknown'}`;
    else single += 1;
    keys.set(id, key);
    together.set(key, [...(together.get(key) ?? []), id]);
  }
  const boxes = new Map<string, Box>();
  for (const [key, ids] of together) {
    const [id] = ids;
    const one = id === undefined ? undefined : byId.get(id);
    const health = one?.health ?? 'unknown';
    const name = one?.subject.name ?? id ?? '';
    const text =
      ids.length === 1
        ? `${id}${name === id ? '' : ` ${name}`}: ${MARK[health]}`
        : `${ids.length} × ${one?.subject.category ?? 'other'}: ${MARK[health]}`;
    boxes.set(key, { text, health });
  }
  return { boxOf: (id) => keys.get(id) ?? id, boxes };
}

/** Text inside a Mermaid label: no quote, bracket or markup of its own. */
function label(text: string): string {
  return sanitiseLine(text, 80).replace(/[^\p{L}\p{N} .,:×/_-]/gu, (one) => `#${one.codePointAt(0)};`);
}

/**
 * The same as a tree of text: each host, cluster and whatever needs nothing else, and below it what depends on it. What was shown above is
 * not shown twice. Pure.
 */
export function dependencyTree(context: DependencyContext, assessment: EstateAssessment): string {
  const byId = new Map(assessment.subjects.map((one) => [one.subject.id, one]));
  const below = new Map<SubjectId, Map<SubjectId, string>>();
  const put = (to: SubjectId, from: SubjectId, why: string): void => {
    const known = below.get(to) ?? new Map<SubjectId, string>();
    known.set(from, why);
    below.set(to, known);
  };
  const needing = new Set<SubjectId>();
  for (const edge of context.graph.edges) {
    put(edge.to, edge.from, edge.basis === 'planned' ? 'planned' : '');
    needing.add(edge.from);
  }
  for (const group of context.graph.groups) {
    needing.add(group.id);
    for (const member of group.members) put(member, group.id, `${group.need} of ${group.members.length}`);
  }
  const roots = [...below.keys()].filter((id) => !needing.has(id)).sort(order);
  const lines: string[] = [];
  const shown = new Set<SubjectId>();
  const walk = (id: SubjectId, depth: number, why: string): void => {
    const again = shown.has(id);
    lines.push(
      `${'  '.repeat(depth)}${line(id, byId.get(id), why)}${again && below.has(id) ? ' (above)' : ''}`,
    );
    if (again || depth > 8) return;
    shown.add(id);
    for (const [next, reason] of [...(below.get(id) ?? [])].sort(([a], [b]) => order(a, b)))
      walk(next, depth + 1, reason);
  };
  for (const root of roots) walk(root, 0, '');
  return `${lines.join('\n')}\n`;
}

function line(id: SubjectId, one: Assessment | undefined, why: string): string {
  const name = one === undefined || one.subject.name === id ? '' : ` ${sanitiseLine(one.subject.name, 60)}`;
  const reason = why === '' ? '' : ` (${why})`;
  return `${sanitiseLine(id, 80)}${name}: ${MARK[one?.health ?? 'unknown']}${reason}`;
}

function order(a: SubjectId, b: SubjectId): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** `dependency-context.md`: failures with what they take down, the picture, the tree. Pure. */
export function dependencyMarkdown(snapshot: Snapshot, assessment: EstateAssessment): string {
  const context = dependencyContext(snapshot, assessment);
  const names = new Map(assessment.subjects.map((one) => [one.subject.id, one.subject.name]));
  const nameOf = (id: SubjectId): string => {
    const name = names.get(id);
    return name === undefined || name === id ? id : `${id} ${name}`;
  };
  const rows = [...context.impacts.values()].map((one) => [
    nameOf(one.subject),
    impactText(one, nameOf) || 'nothing that is known to need it',
  ]);
  return [
    `# Dependency context of ${mdText(snapshot.estate.name)}`,
    '',
    `As of ${snapshot.ended}. Arrows go from what needs to what is needed: from the estate file, from where guests were seen, from rules`,
    'of the network. A dotted arrow is the plan for a guest that was not seen.',
    '',
    '## What each failure takes down',
    '',
    ...(rows.length === 0 ? ['Nothing failed.'] : mdTable(['failure', 'effect'], rows)),
    '',
    '## Rules',
    '',
    ...context.graph.groups.map((one) => `* ${mdText(nameOf(one.id))}: ${mdText(one.why)}`),
    '',
    '## Picture',
    '',
    '```mermaid',
    mermaidOf(context, assessment),
    '```',
    '',
    '## Tree',
    '',
    '```text',
    dependencyTree(context, assessment).trimEnd().replaceAll('`', "'"),
    '```',
    '',
  ].join('\n');
}

/** The same for programs. */
export function dependencyDocument(snapshot: Snapshot, assessment: EstateAssessment): unknown {
  const { graph, impacts } = dependencyContext(snapshot, assessment);
  return {
    format: 'c138-dependencies',
    v: 1,
    at: snapshot.ended,
    edges: graph.edges,
    groups: graph.groups,
    failures: [...impacts.values()],
  };
}
