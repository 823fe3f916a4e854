import { ANCHOR_GAS } from '../evidence/record/anchor-tx.ts';
import type { TrustBody } from '../evidence/trust/trust.ts';
import type { Hex } from '../model/json.ts';
import type { Observation } from '../model/observation.ts';
import type { RecordBody } from '../model/record.ts';
import { sanitiseLine } from '../model/sanitise.ts';
import type { AnchorAsk } from './protocol.ts';

/** What is about to be signed, in plain words, drawn from the signed bytes themselves and from nothing else. */

/** How much of a text is shown: on a terminal all that a record can hold, in the console what fits beside the step. */
export type Extent = 'whole' | 'short';

const LENGTH: Readonly<Record<Extent, number>> = { whole: 4_200, short: 160 };
/** Observations that are told one by one. */
const MOST_SEEN = 8;

/** A record in plain words. */
export function recordLines(
  body: RecordBody,
  estateId: string,
  digest: Hex,
  hashes: { readonly domainHash: Hex; readonly messageHash: Hex },
  extent: Extent,
): readonly string[] {
  const say = (label: string, text: string): string =>
    `${label.padEnd(9)}${sanitiseLine(text, LENGTH[extent])}`;
  /** What the one who signs wrote themselves is shown whole everywhere: they answer for each word of it. */
  const whole = (label: string, text: string): string =>
    `${label.padEnd(9)}${sanitiseLine(text, LENGTH.whole)}`;
  const { actor } = body;
  const lines = [
    say('record', `${body.kind} ${body.seq} of session ${body.session.slice(0, 12)}, estate ${estateId}`),
    say(
      'by',
      `${actor === null ? 'the machine, unsigned' : `${actor.name} as ${actor.role}`}, at ${body.at}`,
    ),
  ];
  if (body.kind === 'checkpoint')
    lines.push(say('counts', `${body.checkpoint.size} records, root ${body.checkpoint.root}`));
  if (body.kind === 'witness')
    lines.push(
      say(
        'carries',
        `the signature of ${body.witness.name}, who ${body.witness.meaning} record ${body.ref.seq}`,
      ),
    );
  if (body.kind === 'event')
    lines.push(say('event', body.event.name), whole('says', JSON.stringify(body.event.detail)));
  if (body.kind === 'deviation') lines.push(say('step', body.step.text), whole('note', body.note));
  if (body.kind === 'handover')
    lines.push(say('to', `${body.to.name} (${body.to.address})`), whole('note', body.note));
  if (body.kind === 'correction') lines.push(say('corrects', `record ${body.ref.seq}`));
  if (body.kind === 'resume' && body.resume.note !== '') lines.push(whole('note', body.resume.note));
  if (body.kind === 'confirm' || body.kind === 'correction') {
    lines.push(say('step', body.step.text), say('expected', body.step.expected));
    if (body.kind === 'confirm' && extent === 'whole') lines.push(...seenLines(body.observations, say));
    lines.push(say('verdict', body.verdict.replaceAll('_', ' ')));
    for (const claim of body.claims) lines.push(say('claim', `${claim.subject} is ${claim.state}`));
    if (body.note !== '') lines.push(whole('note', body.note));
  }
  if (body.kind === 'open')
    lines.push(
      say('runbook', `${body.open.runbook.id} ${body.open.runbook.version}`),
      ...Object.entries(body.open.variables).map(([name, value]) => say('settles', `${name}: ${value}`)),
    );
  if (body.kind === 'seal')
    lines.push(
      say(
        'seals',
        `${body.seal.count} records, ${body.seal.open_items.length} open items; nothing can be added afterwards`,
      ),
    );
  lines.push(say('digest', digest), say('domain', hashes.domainHash), say('message', hashes.messageHash));
  return lines;
}

function seenLines(
  observations: readonly Observation[],
  say: (label: string, text: string) => string,
): readonly string[] {
  const lines = observations.slice(0, MOST_SEEN).map((one) => {
    const failed = one.answer.checks.filter((check) => check.result === 'fail').length;
    return say(
      'saw',
      `${one.subject} by ${one.probe}: ${one.answer.class}, level ${one.level}${failed > 0 ? `, ${failed} checks FAILED` : ''}, at ${one.ended}`,
    );
  });
  return observations.length > MOST_SEEN
    ? [...lines, say('saw', `and ${observations.length - MOST_SEEN} more`)]
    : lines;
}

/** An anchor in plain words. */
export function anchorLines(anchor: AnchorAsk, address: Hex, digest: Hex): readonly string[] {
  const most = BigInt(ANCHOR_GAS) * BigInt(anchor.gasPrice);
  return [
    `sends    nothing, from ${address} to itself`,
    `says     the digest of the seal of session ${sanitiseLine(anchor.session, 66)}`,
    `seal     ${anchor.sealSha256}`,
    `costs    at most ${most} wei (${ANCHOR_GAS} gas at ${anchor.gasPrice} wei), transaction number ${anchor.nonce}`,
    'stays    on the chain for good, readable by everybody who can read the chain',
    `digest   ${digest}`,
  ];
}

/** A trust store in plain words: who may say whom to trust, whom that is, and under which rules. */
export function trustLines(body: TrustBody, digest: Hex): readonly string[] {
  const safe = (text: unknown): string => sanitiseLine(String(text), 120);
  const { policy, chain } = body;
  return [
    `You are about to sign version ${body.version} of the trust store of ${safe(body.estate)}. It says:`,
    `  in force until ${body.expires}; ${body.prev_sha256 === null ? 'the first version' : `follows ${body.prev_sha256}`}`,
    `  the next version needs ${body.threshold} of ${body.roots.length} roots: ${body.roots.join(', ')}`,
    ...body.keys.map((key) => {
      const name = body.people.find((one) => one.person === key.person)?.name ?? key.person;
      const who = `  ${key.address} is ${safe(name)} (${safe(key.person)}), as ${safe(key.roles.join(', '))}`;
      return key.revoked === null
        ? `${who}, until ${key.not_after}`
        : `${who}, REVOKED: not trusted since ${key.revoked.untrusted_since} (${safe(key.revoked.reason)})`;
    }),
    `  second signatures: witnesses for ${policy.witness_for.length === 0 ? 'what the runbook asks' : `what the runbook asks and ${policy.witness_for.join(', ')}`}; ${policy.countersigners} countersignatures over a seal; a session lasts at most ${policy.max_session_h} h`,
    chain === null
      ? '  no validators of the chain are pinned'
      : `  ${chain.validators.length} validators are pinned from block ${chain.from_block}: ${chain.validators.join(', ')}`,
    `  digest ${digest}`,
  ];
}
