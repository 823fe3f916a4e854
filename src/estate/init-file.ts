import { stringify } from 'yaml';
import { sanitiseLine } from '../model/index.ts';
import type { Checkout, EndpointProposal, InitPlan } from './init.ts';

/** Where the pieces of a checkout lie, as the estate file is to name them. */
export interface InitPlaces {
  readonly repository: string;
  /** Path of something in the checkout as it is to stand in the estate file. */
  readonly pathOf: (inCheckout: string) => string;
  /** Proposed endpoints that need nothing else are written as endpoints, not as comments. */
  readonly withEndpoints: boolean;
}

/** The text of an estate file for a checkout. The same checkout gives the same text. Pure. */
export function estateFileText(plan: InitPlan, checkout: Checkout, places: InitPlaces): string {
  const active = places.withEndpoints ? plan.proposals.filter((one) => one.needs === null) : [];
  const rest = plan.proposals.filter((one) => !active.includes(one));
  const parts = [
    comment(
      "Written by c138 init from the operators' repository. Nothing that this file does not name is ever contacted.",
      'docs/estate-file.md describes every key.',
    ),
    stringify({
      v: 1,
      id: 'dbis-chain-138',
      name: 'DBIS Chain 138',
    }),
    comment(
      'The id goes into every signature: settle it before the first session, and never change it then.',
    ),
    stringify({ chain: { id: 138, network_id: 138 } }),
    comment(
      'chain.pin is missing: without genesis_hash and validators a quorum can only be called self-consistent, never proven.',
    ),
    stringify({
      repository: places.repository,
      ...(checkout.template === null ? {} : { template: places.pathOf(checkout.template.path) }),
      ...(plan.imports.length === 0
        ? {}
        : {
            documents: checkout.documents.map((one) => ({
              kind: one.kind,
              path: places.pathOf(one.path),
              ...(one.date === null ? {} : { date: one.date }),
            })),
          }),
      ...(plan.cluster === null ? {} : { cluster: plan.cluster }),
    }),
    ...(plan.hosts.some((one) => one.absenceTolerated)
      ? [comment("ml110 may be unreachable or repurposed: the operators' own audit is allowed to skip it.")]
      : []),
    ...(plan.hosts.length === 0
      ? []
      : [
          stringify({
            hosts: plan.hosts.map((one) => ({
              name: one.name,
              ...(one.role === null ? {} : { role: one.role }),
              ...(one.absenceTolerated ? { absence_tolerated: true } : {}),
            })),
          }),
        ]),
    ...(active.length === 0 ? [] : [stringify({ endpoints: active.map(entry) })]),
    ...(rest.length === 0
      ? []
      : [
          comment(
            `Proposed endpoints, from addresses in the documents. None is asked until its "#" is taken off${
              active.length === 0 ? ', and that of "endpoints:"' : '; put them under endpoints'
            }.`,
          ),
          `${active.length === 0 ? '#endpoints:\n' : ''}${rest.map(proposal).join('')}`,
        ]),
  ];
  return parts.join('\n');
}

function entry(one: EndpointProposal): Record<string, string> {
  return { id: one.id, subject: one.subject, kind: one.kind, url: one.url };
}

function proposal(one: EndpointProposal): string {
  const lines = stringify([entry(one)])
    .trimEnd()
    .split('\n')
    .map((line) => `#  ${line}\n`);
  const needs = one.needs === null ? '' : `; needs ${one.needs}`;
  return `#  # ${sanitiseLine(`${one.why}${needs}`, 200)}\n${lines.join('')}`;
}

function comment(...lines: readonly string[]): string {
  return lines.map((line) => `# ${sanitiseLine(line, 200)}\n`).join('');
}
