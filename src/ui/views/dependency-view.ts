import { type Assessment, impactText, type Snapshot, type SubjectId } from '../../model/index.ts';
import { type DependencyContext, dependencyContext } from '../../reports/dependency.ts';
import type { ViewInput } from './estate-views.ts';
import { healthSpan } from './subject-cells.ts';
import { heading, type Told, told } from './told.ts';
import { line, span } from './types.ts';

/** Steps down the tree, and lines of it, that a story shows. */
const MAX_DEPTH = 4;
const MAX_LINES = 60;

/** Who needs a subject, and why, where no document says it. */
interface Dependent {
  readonly from: SubjectId;
  readonly why: string;
}
interface Indexed extends DependencyContext {
  readonly dependents: ReadonlyMap<SubjectId, readonly Dependent[]>;
}

/** The graph of a snapshot is worked out once, however often a story is drawn. */
const contexts = new WeakMap<Snapshot, Indexed>();

function contextOf({ state }: ViewInput): Indexed | null {
  const { snapshot, assessment } = state;
  if (snapshot === null || assessment === null) return null;
  const known = contexts.get(snapshot);
  if (known !== undefined) return known;
  const context = dependencyContext(snapshot, assessment);
  const dependents = new Map<SubjectId, Dependent[]>();
  const put = (to: SubjectId, one: Dependent): void => {
    const list = dependents.get(to);
    if (list === undefined) dependents.set(to, [one]);
    else list.push(one);
  };
  for (const { from, to, basis } of context.graph.edges)
    put(to, { from, why: basis === 'planned' ? 'planned there' : '' });
  for (const { id, members, need } of context.graph.groups)
    for (const member of members) put(member, { from: id, why: `${need} of ${members.length}` });
  const made = { ...context, dependents };
  contexts.set(snapshot, made);
  return made;
}

/** What a subject needs, and as a tree what needs it, from documents, from what was seen and from rules of the network; Enter leads there. */
export function dependencyLines({ subject }: Assessment, input: ViewInput): readonly Told[] {
  const context = contextOf(input);
  if (context === null) return [];
  const { graph, impacts, dependents } = context;
  const byId = new Map((input.state.assessment?.subjects ?? []).map((one) => [one.subject.id, one]));
  const row = (indent: number, word: string, id: SubjectId, why: string): Told => {
    const other = byId.get(id);
    const lead = `${'  '.repeat(indent + 1)}${word} ${id}`;
    const because = why === '' ? '' : ` (${why})`;
    if (other === undefined)
      return { line: line(span(`${lead}, of which nothing is known${because}`, 'doubt')) };
    return {
      line: line(
        span(`${lead}  ${other.subject.name}  ${other.status}  `),
        healthSpan(other, input.glyphs),
        span(because, 'dim'),
      ),
      opens: { kind: 'subject', subject: id },
    };
  };
  const basis = (one: { readonly basis: string; readonly why: string }): string =>
    one.basis === 'documented' ? '' : one.why;
  const needs = [
    ...graph.edges
      .filter((one) => one.from === subject.id)
      .map((one) => row(0, 'depends on', one.to, basis(one))),
    ...graph.groups
      .filter((one) => one.id === subject.id)
      .flatMap((group) => [
        told(span(`  ${group.why}:`, 'dim')),
        ...group.members.map((member) => row(1, 'counts', member, '')),
      ]),
  ];
  const tree: Told[] = [];
  const shown = new Set<SubjectId>([subject.id]);
  let left = 0;
  const walk = (id: SubjectId, depth: number): void => {
    for (const { from, why } of dependents.get(id) ?? []) {
      if (shown.has(from)) continue;
      shown.add(from);
      if (tree.length >= MAX_LINES) left += 1;
      else tree.push(row(depth, 'needed by', from, why));
      if (depth + 1 < MAX_DEPTH) walk(from, depth + 1);
    }
  };
  walk(subject.id, 0);
  if (left > 0) tree.push(told(span(`  and ${left} more`, 'dim')));
  const impact = impacts.get(subject.id);
  const effect = impact === undefined ? '' : impactText(impact);
  if (needs.length + tree.length === 0) return [];
  return [
    ...heading('Dependencies (Enter opens)'),
    ...(effect === '' ? [] : [told(span(`  its failure ${effect}`, 'bad'))]),
    ...needs,
    ...tree,
  ];
}
