import type { ArtefactState } from '../estate/artefacts.ts';
import type { Snapshot } from '../model/index.ts';
import { artefactSection } from './inventory.ts';
import { mdText } from './markdown.ts';

export interface CaliperHookDocument {
  readonly format: 'c138-caliper-hook';
  readonly v: 1;
  readonly estate: string;
  readonly at: string;
  /** Never a gate (master plan, section 14). */
  readonly gate: false;
  /** WebSockets of the estate file that Caliper could use. */
  readonly web_sockets: readonly { readonly endpoint: string; readonly url: string }[];
  /** Digests of reports that were kept by `c138 caliper report`. */
  readonly reports: readonly string[];
}

/**
 * How the performance hook stands: what Caliper could use, and what somebody measured. A hook is no benchmark, and neither decides anything. Pure.
 * @param reports digests of kept reports
 */
export function caliperHookDocument(snapshot: Snapshot, reports: readonly string[]): CaliperHookDocument {
  return {
    format: 'c138-caliper-hook',
    v: 1,
    estate: snapshot.estate.id,
    at: snapshot.ended,
    gate: false,
    web_sockets: snapshot.estate.endpoints.flatMap((one) =>
      one.wsUrl === undefined ? [] : [{ endpoint: one.id, url: one.wsUrl }],
    ),
    reports,
  };
}

/** The same for people. Pure. */
export function caliperHookMarkdown(
  snapshot: Snapshot,
  reports: readonly string[],
  artefacts: readonly ArtefactState[],
): string {
  const { web_sockets: sockets } = caliperHookDocument(snapshot, reports);
  const list = (lines: readonly string[], none: string): readonly string[] =>
    lines.length === 0 ? [none] : lines.map((line) => `* ${mdText(line)}`);
  return [
    `# Caliper performance hook of ${mdText(snapshot.estate.name)}`,
    '',
    "Documentation only: Hyperledger Caliper is not part of the operators' repository, a hook is no benchmark, and no result is a readiness gate (master plan, section 14).",
    '',
    '## WebSockets that Caliper could use',
    '',
    ...list(
      sockets.map((one) => `${one.endpoint} ${one.url}`),
      'The estate file names none (`ws_url`); the connector takes no HTTP.',
    ),
    '',
    'c138 caliper files --ws URL writes what Caliper needs, without any key.',
    '',
    '## Reports that were kept (SHA-256)',
    '',
    ...list(reports, 'None: no benchmark is evidenced here.'),
    '',
    ...artefactSection(
      artefacts.filter((one) => one.deliverable === 'Caliper hook'),
      snapshot.estate.repository,
    ),
  ].join('\n');
}
