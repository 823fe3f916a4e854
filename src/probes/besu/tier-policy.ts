import type { Check, Endpoint, Tier } from '../../model/index.ts';
import { fail, pass, warn } from './rpc-session.ts';

/** API groups of Besu, as `rpc_modules` names them, in upper case. */
export const API_GROUPS = [
  'ETH',
  'NET',
  'WEB3',
  'QBFT',
  'TXPOOL',
  'ADMIN',
  'DEBUG',
  'TRACE',
  'MINER',
  'PERM',
  'PLUGINS',
  'TESTING',
  'ENGINE',
] as const;
export type ApiGroup = (typeof API_GROUPS)[number];

/** What a tier should do with an API group; `warn`, `high` and `critical` say how bad it is when it is served. */
export type GroupRule = 'must' | 'should' | 'may' | 'warn' | 'high' | 'critical';
export type TierPolicy = Readonly<Record<ApiGroup, GroupRule>>;

const OPEN = { ETH: 'must', NET: 'must', WEB3: 'must' } as const;
const CLOSED = {
  MINER: 'critical',
  PERM: 'critical',
  PLUGINS: 'critical',
  TESTING: 'critical',
  ENGINE: 'critical',
} as const;

const NAMED: TierPolicy = {
  ...OPEN,
  ...CLOSED,
  QBFT: 'may',
  TXPOOL: 'may',
  ADMIN: 'high',
  DEBUG: 'warn',
  TRACE: 'warn',
};

/**
 * Which API groups each tier may serve: ours, after the operators' own notes on their tiers; the estate file overrides it
 * group by group (`tier_policy`).
 */
export const DEFAULT_POLICY: Readonly<Record<Tier, TierPolicy>> = {
  core: {
    ...OPEN,
    QBFT: 'must',
    TXPOOL: 'should',
    ADMIN: 'should',
    DEBUG: 'may',
    TRACE: 'may',
    PERM: 'may',
    MINER: 'high',
    PLUGINS: 'high',
    TESTING: 'high',
    ENGINE: 'high',
  },
  public: {
    ...OPEN,
    ...CLOSED,
    QBFT: 'may',
    TXPOOL: 'warn',
    ADMIN: 'critical',
    DEBUG: 'high',
    TRACE: 'high',
  },
  private: {
    ...OPEN,
    ...CLOSED,
    QBFT: 'should',
    TXPOOL: 'may',
    ADMIN: 'high',
    DEBUG: 'may',
    TRACE: 'may',
    PERM: 'high',
  },
  named: NAMED,
  'alltra-hybx': NAMED,
  thirdweb: {
    ...OPEN,
    ...CLOSED,
    QBFT: 'may',
    TXPOOL: 'warn',
    ADMIN: 'critical',
    DEBUG: 'warn',
    TRACE: 'warn',
  },
};

/** How each group was found: served, switched off (-32604), unknown here or filtered (-32601), or not seen. */
export type GroupState = 'served' | 'off' | 'unknown-method' | 'unseen';

/**
 * What the policy says of the groups that an endpoint serves. Pure.
 * @param states of the groups that were looked at
 */
export function judgeGroups(
  tier: Tier,
  policy: TierPolicy,
  via: Endpoint['via'],
  states: ReadonlyMap<ApiGroup, GroupState>,
): Check[] {
  const by = (rule: GroupRule, state: GroupState): ApiGroup[] =>
    API_GROUPS.filter((group) => policy[group] === rule && states.get(group) === state);
  const where = via === 'edge' ? 'through the edge' : 'directly';
  const close =
    via === 'edge'
      ? 'take the group out of rpc-http-api, or filter it at the edge; then look again through the edge and directly'
      : 'take the group out of rpc-http-api of this node; a filter at the edge protects only those who come through it';
  const checks: Check[] = [];
  const critical = by('critical', 'served');
  if (critical.length > 0)
    checks.push(
      fail(`api-leak-${via}`, `the ${tier} tier serves ${critical.join(', ')} ${where}: critical`, close),
    );
  for (const rule of ['high', 'warn'] as const) {
    const served = by(rule, 'served');
    if (served.length > 0)
      checks.push(
        warn(
          `api-${rule === 'high' ? 'leak' : 'wide'}-${via}`,
          `the ${tier} tier serves ${served.join(', ')} ${where}${rule === 'high' ? ': high' : ''}`,
          close,
        ),
      );
  }
  const off = by('must', 'off');
  if (off.length > 0)
    checks.push(
      warn(
        'api-off',
        `the ${tier} tier does not serve ${off.join(', ')} (-32604)`,
        'add the group to rpc-http-api',
      ),
    );
  const filtered = by('must', 'unknown-method');
  if (filtered.length > 0)
    checks.push(
      warn(
        'api-filtered',
        `${filtered.join(', ')} is answered as unknown (-32601): filtered on the way, or not part of this version`,
        'ask the node directly; compare with its version',
      ),
    );
  if (checks.length === 0) checks.push(pass('api-groups', `the ${tier} tier serves what it should`));
  return checks;
}
