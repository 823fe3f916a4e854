import { followValidators, participationOf } from '../../chain/follow.ts';
import { loadNativeRecovery } from '../../chain/recover-native.ts';
import type { Check, Endpoint, JsonObject, Observation, SubjectId } from '../../model/index.ts';
import type { ProbeContext } from '../context.ts';
import { headerFacts } from './besu.ts';
import { doubt, fail, makeAnswer, observeRpc, pass, quantity, type RpcSession } from './rpc-session.ts';

/** Fewest and most headers looked at; in between ten per validator, so that each has its turns. */
const LEAST = 40;
const MOST = 120;
/** Headers read one by one where batches are refused. */
const WITHOUT_BATCH = 10;

/**
 * Probe `qbft-window`: the last headers up to `head`, proven one after another against the pinned set, which is followed through its changes.
 * Shows rounds, intervals, who proposed, sealed and let turns pass, and votes in flight. Asked of one node: headers prove themselves.
 * Facts: `from`, `to`, `count`, `verdict`, `broken`, `rounds` and `intervals` (oldest first; seconds), `empty` (blocks without gas),
 * `participation`, `changes`, `inFlight`, `late` (the last blocks of a round above 0), `contractMode`, `validators`.
 */
export function qbftWindow(context: ProbeContext, endpoint: Endpoint, head: bigint): Promise<Observation> {
  const { pin, chainId } = context.estate;
  const wanted = Math.min(MOST, Math.max(LEAST, 10 * (pin?.validators.length ?? 0)));
  const first = head - BigInt(wanted) + 1n;
  const from = first < 1n ? 1n : first;
  const request = `eth_getBlockByNumber 0x${from.toString(16)} to 0x${head.toString(16)}`;
  const subject: SubjectId = `chain:${chainId}`;
  return observeRpc(context, { probe: 'qbft-window', endpoint, request }, async (session) => {
    // Each header has several seals to recover: many times dearer without.
    await loadNativeRecovery();
    const blocks = await headers(session, from, head);
    if (blocks.length === 0)
      return {
        answer: makeAnswer('ok', { count: 0 }, [
          doubt('window', 'the node gave none of its last headers', 'ask another node'),
        ]),
        level: 'none',
      };
    const start = quantity(blocks[0]?.number) ?? 0n;
    const usable =
      pin !== undefined && start >= BigInt(pin.fromBlock) ? { validators: pin.validators } : null;
    const followed = followValidators(blocks, usable);
    const facts = windowFacts(blocks, followed);
    return { answer: makeAnswer('ok', facts, windowChecks(facts)), level: 'app' };
  }).then((one) => ({ ...one, subject }));
}

async function headers(session: RpcSession, from: bigint, to: bigint): Promise<readonly JsonObject[]> {
  const tags: string[] = [];
  for (let number = from; number <= to; number += 1n) tags.push(`0x${number.toString(16)}`);
  const batch = await session.batch(
    tags.map((tag, id) => ({ id, method: 'eth_getBlockByNumber' as const, params: [tag, false] })),
  );
  let found: unknown[] = [];
  if (batch.class === 'ok' && Array.isArray(batch.result))
    found = (batch.result as unknown[]).map((one) => (one as { readonly result?: unknown } | null)?.result);
  else
    for (const tag of tags.slice(-WITHOUT_BATCH))
      found.push((await session.call('eth_getBlockByNumber', [tag, false])).result);
  const byNumber = new Map<string, JsonObject>();
  for (const one of found) {
    const header = headerFacts(one);
    if (header !== null) byNumber.set(String(header.number), header);
  }
  // A gap ends the run: what is newer than it counts.
  const run: JsonObject[] = [];
  for (const tag of [...tags].reverse()) {
    const header = byNumber.get(tag);
    if (header === undefined) {
      if (run.length > 0) break;
      continue;
    }
    run.unshift(header);
  }
  return run;
}

function windowFacts(
  blocks: readonly JsonObject[],
  followed: ReturnType<typeof followValidators>,
): JsonObject {
  const { proofs, broken } = followed;
  const times = blocks.map((one) => Number(quantity(one.timestamp) ?? 0n));
  const late = proofs.filter((one) => one.round > 0);
  const last = proofs.at(-1);
  return {
    from: proofs[0]?.number ?? '0',
    to: last?.number ?? '0',
    count: proofs.length,
    verdict: last?.verdict ?? 'unreadable',
    broken,
    rounds: proofs.map((one) => one.round),
    intervals: times.slice(1).map((time, index) => time - (times[index] ?? time)),
    empty: blocks.filter((one) => one.gasUsed === '0x0').length,
    participation: participationOf(proofs).map((one) => ({ ...one })),
    changes: followed.changes.map((one) => ({ ...one })),
    inFlight: followed.inFlight.map((one) => ({ ...one })),
    late: late.slice(-8).map(({ number, round, skipped }) => ({ number, round, skipped: [...skipped] })),
    contractMode: last?.contractMode ?? false,
    validators: [...(followed.validators ?? last?.validators ?? [])],
  };
}

function windowChecks(facts: JsonObject): Check[] {
  if (typeof facts.broken === 'string')
    return [
      fail(
        'qbft-window',
        `the last headers do not prove one after another: ${facts.broken}`,
        'compare with another node; if the set was changed on purpose, re-pin it by a trust update',
      ),
    ];
  return [pass('qbft-window', `${String(facts.count)} headers up to ${String(facts.to)} hold`)];
}
