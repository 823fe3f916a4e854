import type { AnswerClass, Endpoint, Observation } from '../../model/index.ts';
import type { ProbeContext } from '../context.ts';
import { besuHead, besuIdentity } from './besu.ts';
import { thirdwebBatch } from './besu-batch.ts';
import { besuGroups } from './besu-groups.ts';
import { besuNetwork } from './besu-network.ts';
import { besuAsks, besuPort } from './besu-port.ts';
import { qbftSet } from './besu-qbft.ts';

/** Whoever answers like this answers every further question like this too, or lets us wait for each. */
const NO_USE_ASKING: ReadonlySet<AnswerClass> = new Set([
  'refused',
  'no-route',
  'timeout',
  'tls',
  'dns',
  'host-refused',
  'auth',
  'aborted',
]);

/** Two lists of questions at once on one node: quick enough, and far from its limit of connections. */
async function inTurn(
  probes: readonly (() => Promise<Observation>)[],
  signal: AbortSignal,
): Promise<Observation[]> {
  const seen: Observation[] = [];
  for (const probe of probes) {
    if (signal.aborted) break;
    seen.push(await probe());
  }
  return seen;
}

/**
 * Everything that one Besu endpoint is asked by itself. First who and where it is; where that got no answer at all, nothing more.
 * @param depth `heads` stops there
 */
export async function observeBesu(
  context: ProbeContext,
  endpoint: Endpoint,
  depth: 'full' | 'heads',
): Promise<readonly Observation[]> {
  const first = await Promise.all([besuIdentity(context, endpoint), besuHead(context, endpoint)]);
  if (depth === 'heads' || first.every((one) => NO_USE_ASKING.has(one.answer.class))) return first;
  const tier = context.estate.subjects.find((one) => one.id === endpoint.subject)?.tier;
  const more = await Promise.all([
    inTurn(
      [
        () => besuGroups(context, endpoint),
        () => besuPort(context, endpoint),
        ...(tier === 'thirdweb' ? [() => thirdwebBatch(context, endpoint)] : []),
        () => besuAsks(context, endpoint),
      ],
      context.signal,
    ),
    inTurn([() => qbftSet(context, endpoint), () => besuNetwork(context, endpoint)], context.signal),
  ]);
  return [...first, ...more.flat()];
}
