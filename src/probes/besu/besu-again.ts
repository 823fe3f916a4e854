import type { Endpoint, JsonObject, Observation, SubjectId } from '../../model/index.ts';
import { observe, type ProbeContext } from '../context.ts';
import { TokenError } from '../token.ts';
import { headerFacts } from './besu.ts';
import { makeAnswer, observeRpc, quantity, RpcSession, tokenAnswer } from './rpc-session.ts';

/**
 * Probe `besu-head-again`: the height of a node a second time, some seconds after the first look.
 * Facts: `number`, `before` (decimal strings), `waitedMs`.
 */
export function besuHeadAgain(
  context: ProbeContext,
  endpoint: Endpoint,
  look: Observation,
): Promise<Observation> {
  return observeRpc(
    context,
    { probe: 'besu-head-again', endpoint, request: 'eth_blockNumber' },
    async (session) => {
      const answer = await session.call('eth_blockNumber');
      const number = quantity(answer.result);
      if (answer.class !== 'ok' || number === null)
        return {
          answer: makeAnswer(answer.class === 'ok' ? 'not-json' : answer.class, {}, [], answer),
          level: 'none',
        };
      const facts: JsonObject = {
        number: number.toString(),
        before: String(look.answer.facts.number),
        waitedMs: Math.max(0, Date.now() - Date.parse(look.ended)),
      };
      return { answer: makeAnswer('ok', facts), level: 'runtime' };
    },
  );
}

/**
 * Probe `besu-fork`: the last height at which two nodes have the same block, by bisection between the genesis block and a height at which
 * they differ. Facts: `differAt` (lowest height seen to differ), `lastCommon` (null when even the genesis blocks differ), `sides` (endpoint ids).
 */
export function besuFork(
  context: ProbeContext,
  sides: readonly [Endpoint, Endpoint],
  differAt: bigint,
): Promise<Observation> {
  const [left] = sides;
  const request = 'eth_getBlockByNumber on two nodes, by bisection';
  const subject: SubjectId = `chain:${context.estate.chainId}`;
  return observe(context, { probe: 'besu-fork', endpoint: left, request, subject }, async () => {
    let sessions: readonly RpcSession[];
    try {
      sessions = await Promise.all(sides.map((one) => RpcSession.open(context, one)));
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { answer: tokenAnswer(error), level: 'none', raw: null };
    }
    const same = async (height: bigint): Promise<boolean | null> => {
      const [a, b] = await Promise.all(sessions.map((one) => hashAt(one, height)));
      return a == null || b == null ? null : a === b;
    };
    let low = -1n;
    let high = differAt;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      const equal = await same(middle);
      if (equal === null) break;
      if (equal) low = middle;
      else high = middle;
    }
    const raw = sessions[0]?.raw() ?? null;
    const broken = sessions.find((one) => one.broken !== null)?.broken ?? null;
    if (broken !== null) return { answer: makeAnswer(broken.class, {}, [], broken), level: 'none', raw };
    const facts: JsonObject = {
      differAt: high.toString(),
      lastCommon: low < 0n ? null : low.toString(),
      exact: high - low === 1n,
      sides: sides.map((one) => one.id),
    };
    return { answer: makeAnswer('ok', facts), level: 'runtime', raw };
  });
}

async function hashAt(session: RpcSession, height: bigint): Promise<string | null> {
  const answer = await session.call('eth_getBlockByNumber', [`0x${height.toString(16)}`, false]);
  const hash = headerFacts(answer.result)?.hash;
  return typeof hash === 'string' ? hash.toLowerCase() : null;
}
