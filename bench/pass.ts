/**
 * How long one full pass takes over the simulated estate, whose 37 Besu nodes take 100 ms for each answer, beside its critical path: the
 * same pass over one node and a second one to compare it with, in turn in the same run. A pass that asked nodes one after
 * another would take 37 times as long; what is above 1 is the price of asking all at once on this machine.
 *
 * tsx bench/pass.ts [rounds]
 */
import { startDemo } from '../src/demo/start.ts';
import { loadEstate } from '../src/estate/index.ts';
import type { DocumentedEstate, RawRef } from '../src/model/index.ts';
import { observeEstate } from '../src/probes/index.ts';

const rounds = Number(process.argv[2] ?? 5);
const NODE_KIND = 'json-rpc';

const storeRaw = (bytes: Uint8Array): RawRef => ({
  sha256: '0'.repeat(64),
  bytes: bytes.length,
  truncated: false,
  redactions: [],
});

/** Milliseconds for a pass over these endpoints, and how many observations it gave. */
async function pass(
  estate: DocumentedEstate,
  only: ReadonlySet<string>,
): Promise<{ readonly ms: number; readonly seen: number }> {
  const began = performance.now();
  const { signal } = new AbortController();
  const seen = await observeEstate(estate, { vantage: 'bench', signal, storeRaw, only });
  const bad = seen.find((one) => one.answer.class !== 'ok' && one.probe.startsWith('besu'));
  if (bad !== undefined) throw new Error(`${bad.probe} at ${bad.endpoint} answered ${bad.answer.class}`);
  return { ms: performance.now() - began, seen: seen.length };
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

const demo = await startDemo({ scenario: 'slow' });
try {
  const estate = await loadEstate(demo.configPath);
  const nodes = estate.endpoints.filter((one) => one.kind === NODE_KIND);
  const all = new Set(nodes.map((one) => one.id));
  const two = new Set(nodes.slice(0, 2).map((one) => one.id));
  await pass(estate, all);
  const ours: number[] = [];
  const limit: number[] = [];
  let seen = 0;
  for (let round = 0; round < rounds; round += 1) {
    const whole = await pass(estate, all);
    seen = whole.seen;
    ours.push(whole.ms);
    limit.push((await pass(estate, two)).ms);
  }
  console.log(
    `${nodes.length} Besu nodes with 100 ms answers, ${seen} observations, ${rounds} rounds, median`,
  );
  console.log(`full pass:                     ${median(ours).toFixed(0)} ms`);
  console.log(`critical path, two nodes only: ${median(limit).toFixed(0)} ms`);
  console.log(`ratio:                         ${(median(ours) / median(limit)).toFixed(2)}`);
} finally {
  await demo.stop();
}
