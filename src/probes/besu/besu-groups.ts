import type { Endpoint, JsonObject, Observation, Tier } from '../../model/index.ts';
import type { RpcMethod } from '../allow-list.ts';
import type { ProbeContext } from '../context.ts';
import { makeAnswer, observeRpc, type RpcSession } from './rpc-session.ts';
import {
  API_GROUPS,
  type ApiGroup,
  DEFAULT_POLICY,
  type GroupRule,
  type GroupState,
  judgeGroups,
  type TierPolicy,
} from './tier-policy.ts';

/** One harmless read per group, for where `rpc_modules` itself is not to be had. */
const READS: Partial<Record<ApiGroup, readonly [RpcMethod, readonly unknown[]]>> = {
  ETH: ['eth_chainId', []],
  NET: ['net_version', []],
  WEB3: ['web3_clientVersion', []],
  QBFT: ['qbft_getValidatorsByBlockNumber', ['latest']],
  TXPOOL: ['txpool_besuStatistics', []],
  ADMIN: ['admin_nodeInfo', []],
  DEBUG: ['debug_getRawHeader', ['0x0']],
  TRACE: ['trace_block', ['0x0']],
  MINER: ['miner_getMinGasPrice', []],
  PERM: ['perm_getNodesAllowlist', []],
};

const NOT_ENABLED = -32604;
const NOT_FOUND = -32601;

/**
 * Probe `besu-groups`: which API groups an endpoint serves, by `rpc_modules`, else by one harmless read each, against the policy
 * of its tier. Served groups say nothing about who can reach the endpoint: that is why edge and direct are asked apart.
 * Facts: `groups` (state by group), `by` (`rpc_modules` or `reads`), `via`, `tier`, `tokenUsed`.
 */
export function besuGroups(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'rpc_modules, or one harmless read per group';
  return observeRpc(context, { probe: 'besu-groups', endpoint, request }, async (session) => {
    const { by, states } = await groupStates(session);
    const tier = context.estate.subjects.find((one) => one.id === endpoint.subject)?.tier ?? null;
    const facts: JsonObject = {
      groups: Object.fromEntries([...states].map(([group, state]) => [group, state])),
      by,
      via: endpoint.via,
      tier,
      tokenUsed: endpoint.token !== undefined,
    };
    const checks =
      tier === null ? [] : judgeGroups(tier, policyOf(context.estate.tierPolicy, tier), endpoint.via, states);
    return { answer: makeAnswer('ok', facts, checks), level: 'app' };
  });
}

/** The policy of a tier: our default, changed by the estate file. */
export function policyOf(
  overrides: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined,
  tier: Tier,
): TierPolicy {
  const own = overrides?.[tier] ?? {};
  const changed = API_GROUPS.filter((group) => own[group] !== undefined);
  return {
    ...DEFAULT_POLICY[tier],
    ...Object.fromEntries(changed.map((group) => [group, own[group] as GroupRule])),
  };
}

async function groupStates(
  session: RpcSession,
): Promise<{ readonly by: 'rpc_modules' | 'reads'; readonly states: ReadonlyMap<ApiGroup, GroupState> }> {
  const modules = await session.call('rpc_modules');
  const { result } = modules;
  if (modules.class === 'ok' && result !== null && typeof result === 'object' && !Array.isArray(result)) {
    const served = new Set(Object.keys(result).map((name) => name.toUpperCase()));
    return {
      by: 'rpc_modules',
      states: new Map(API_GROUPS.map((group) => [group, served.has(group) ? 'served' : 'off'])),
    };
  }
  const states = new Map<ApiGroup, GroupState>();
  for (const group of API_GROUPS) {
    const read = READS[group];
    if (read === undefined) states.set(group, 'unseen');
    else {
      const answer = await session.call(...read);
      states.set(group, stateOf(answer.class, answer.code));
    }
  }
  return { by: 'reads', states };
}

/** An error of the call itself (permissioning off, pruned state) still comes from a group that is served. */
function stateOf(cls: string, code: number | null): GroupState {
  if (cls === 'ok' || cls === 'ok-null') return 'served';
  if (cls !== 'rpc-error') return 'unseen';
  if (code === NOT_ENABLED) return 'off';
  return code === NOT_FOUND ? 'unknown-method' : 'served';
}
