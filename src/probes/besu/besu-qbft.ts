import type { Check, Endpoint, JsonObject, Observation } from '../../model/index.ts';
import type { ProbeContext } from '../context.ts';
import { doubt, makeAnswer, observeRpc, quantity, warn } from './rpc-session.ts';

const ADDRESS = /^0x[0-9a-f]{40}$/;
/** On chains under 100 blocks the genesis block's "proposer" shows up among the signers: nobody. */
const NOBODY = `0x${'0'.repeat(40)}`;

/** A list of lower-case addresses, or null when it is not one. */
export function addresses(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || value.length > 512) return null;
  const list = value.map((one) => (typeof one === 'string' ? one.toLowerCase() : ''));
  return list.every((one) => ADDRESS.test(one)) ? list.sort() : null;
}

/**
 * Probe `qbft-set`: who validates, by the node: the set now and for the next block, who proposed in the last 100 blocks, this node's own
 * votes, and the request time-out. Signer metrics count proposals, not signatures. Not asked for where the group is not served.
 * Facts: `validators`, `pending` (null when unknown), `proposals` (`[{address, count, last}]`), `genesisEntry`, `ownVotes`, `requestTimeoutS`.
 */
export function qbftSet(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request =
    'qbft_getValidatorsByBlockNumber ["latest"], ["pending"]; qbft_getSignerMetrics; qbft_getPendingVotes; qbft_getRequestTimeoutSeconds';
  return observeRpc(context, { probe: 'qbft-set', endpoint, request }, async (session) => {
    const now = await session.call('qbft_getValidatorsByBlockNumber', ['latest']);
    if (now.class === 'rpc-error')
      return { answer: makeAnswer('ok', { served: false, code: now.code }), level: 'runtime' };
    const next = await session.call('qbft_getValidatorsByBlockNumber', ['pending']);
    const metrics = await session.call('qbft_getSignerMetrics');
    const votes = await session.call('qbft_getPendingVotes');
    const timeout = await session.call('qbft_getRequestTimeoutSeconds');
    const validators = addresses(now.result);
    const pending = addresses(next.result);
    const { rows, genesisEntry } = proposalsOf(metrics.result);
    const facts: JsonObject = {
      served: true,
      validators,
      pending,
      proposals: rows,
      genesisEntry,
      ownVotes: ownVotes(votes.result),
      requestTimeoutS:
        typeof timeout.result === 'number' && Number.isSafeInteger(timeout.result) ? timeout.result : null,
    };
    return { answer: makeAnswer('ok', facts, setChecks(facts, validators, pending)), level: 'app' };
  });
}

function proposalsOf(value: unknown): { readonly rows: JsonObject[]; readonly genesisEntry: boolean } {
  const rows: JsonObject[] = [];
  let genesisEntry = false;
  for (const one of Array.isArray(value) ? (value as unknown[]).slice(0, 512) : []) {
    const { address, proposedBlockCount, lastProposedBlockNumber } = (one ?? {}) as Record<string, unknown>;
    const [count, last] = [quantity(proposedBlockCount), quantity(lastProposedBlockNumber)];
    if (typeof address !== 'string' || !ADDRESS.test(address.toLowerCase()) || count === null) continue;
    if (address === NOBODY) genesisEntry = true;
    else
      rows.push({
        address: address.toLowerCase(),
        count: Number(count),
        last: last === null ? null : last.toString(),
      });
  }
  return { rows, genesisEntry };
}

function ownVotes(value: unknown): JsonObject[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  return Object.entries(value)
    .filter(([address, add]) => ADDRESS.test(address.toLowerCase()) && typeof add === 'boolean')
    .slice(0, 64)
    .map(([address, add]) => ({ address: address.toLowerCase(), add: add as boolean }));
}

function setChecks(
  facts: JsonObject,
  validators: readonly string[] | null,
  pending: readonly string[] | null,
): Check[] {
  const checks: Check[] = [];
  if (validators === null)
    checks.push(doubt('validators', 'the node gave no validator set', 'ask another node'));
  if (validators !== null && pending !== null && pending.join() !== validators.join())
    checks.push(
      warn(
        'set-changes',
        `the validator set changes with the next block: ${validators.length} now, ${pending.length} then`,
        'see that a quorum of the new set is up before anything else is changed',
      ),
    );
  const own = facts.ownVotes;
  if (Array.isArray(own) && own.length > 0)
    checks.push(
      warn(
        'own-votes',
        `this node proposes ${own.length} change${own.length > 1 ? 's' : ''} of the validator set`,
        'see that the proposal is wanted; a vote is discarded with qbft_discardValidatorVote by an operator',
      ),
    );
  return checks;
}
