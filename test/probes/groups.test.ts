import { describe, expect, it } from 'vitest';
import { TIERS, type Tier } from '../../src/model/index.ts';
import { policyOf } from '../../src/probes/besu/besu-groups.ts';
import { percentile } from '../../src/probes/besu/besu-port.ts';
import {
  API_GROUPS,
  type ApiGroup,
  DEFAULT_POLICY,
  type GroupState,
  judgeGroups,
} from '../../src/probes/besu/tier-policy.ts';

/** What is said of a tier that serves exactly these groups. */
function judge(
  tier: Tier,
  served: readonly ApiGroup[],
  via: 'direct' | 'edge' = 'direct',
): readonly string[] {
  const states = new Map<ApiGroup, GroupState>(
    API_GROUPS.map((group) => [group, served.includes(group) ? 'served' : 'off']),
  );
  return judgeGroups(tier, DEFAULT_POLICY[tier], via, states).map((one) => `${one.id} ${one.result}`);
}
const BASE = ['ETH', 'NET', 'WEB3'] as const;

describe('the policy of the tiers', () => {
  it('is content with the base groups everywhere, but wants QBFT on core', () => {
    for (const tier of TIERS)
      expect(judge(tier, BASE)).toEqual([tier === 'core' ? 'api-off warn' : 'api-groups pass']);
    expect(judge('core', [...BASE, 'QBFT', 'TXPOOL', 'ADMIN', 'DEBUG', 'TRACE', 'PERM'])).toEqual([
      'api-groups pass',
    ]);
  });

  it.each([
    ['public', 'ADMIN', 'api-leak-direct fail'],
    ['public', 'DEBUG', 'api-leak-direct warn'],
    ['public', 'TXPOOL', 'api-wide-direct warn'],
    ['thirdweb', 'ADMIN', 'api-leak-direct fail'],
    ['thirdweb', 'TRACE', 'api-wide-direct warn'],
    ['named', 'ADMIN', 'api-leak-direct warn'],
    ['named', 'ENGINE', 'api-leak-direct fail'],
    ['alltra-hybx', 'MINER', 'api-leak-direct fail'],
    ['private', 'PERM', 'api-leak-direct warn'],
    ['private', 'DEBUG', 'api-groups pass'],
    ['core', 'MINER', 'api-leak-direct warn'],
  ] as const)('%s serving %s: %s', (tier, group, expected) => {
    const base = tier === 'core' ? [...BASE, 'QBFT' as const] : BASE;
    expect(judge(tier, [...base, group])).toEqual([expected]);
  });

  it('tells the edge from the node itself, and filtered from off', () => {
    expect(judge('public', [...BASE, 'ADMIN'], 'edge')).toEqual(['api-leak-edge fail']);
    const states = new Map<ApiGroup, GroupState>([
      ['ETH', 'served'],
      ['NET', 'unknown-method'],
      ['WEB3', 'off'],
    ]);
    const ids = judgeGroups('public', DEFAULT_POLICY.public, 'edge', states).map((one) => one.id);
    expect(ids).toEqual(['api-off', 'api-filtered']);
  });

  it('is changed by the estate file, group by group', () => {
    const own = policyOf({ private: { ADMIN: 'may' } }, 'private');
    expect(own.ADMIN).toBe('may');
    expect({ ...own, ADMIN: 'high' }).toEqual(DEFAULT_POLICY.private);
    expect(policyOf({ private: { ADMIN: 'may' } }, 'named')).toEqual(DEFAULT_POLICY.named);
    expect(policyOf(undefined, 'core')).toEqual(DEFAULT_POLICY.core);
  });
});

describe('percentiles', () => {
  it('are nearest ranks', () => {
    expect(percentile([], 50)).toBeNull();
    expect(percentile([7], 95)).toBe(7);
    expect(percentile([1, 2, 3, 4, 5], 50)).toBe(3);
    expect(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 95)).toBe(10);
    expect(percentile([1, 2, 3, 4], 50)).toBe(2);
  });
});
