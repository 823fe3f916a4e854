import { chainRules, findBlocks, proveBlock } from '../chain/index.ts';
import { assessEstate, sanitiseLine } from '../model/index.ts';
import { assessmentDocument, discoverySummary } from '../reports/index.ts';
import { readSnapshot, verifySnapshot } from '../state/snapshots/snapshot-file.ts';
import { type Io, printJson } from './io.ts';

export interface SnapshotFlags {
  readonly json?: boolean | undefined;
}

/** `c138 snapshot show PATH`: the summary again, assessed as of its capture. */
export async function snapshotShow(path: string, flags: SnapshotFlags, io: Io): Promise<number> {
  const { snapshot } = await readSnapshot(path);
  const assessment = assessEstate(snapshot, Date.parse(snapshot.ended), chainRules);
  if (flags.json === true) printJson(io, assessmentDocument(snapshot, assessment));
  else io.out(discoverySummary(snapshot, assessment));
  return 0;
}

/**
 * `c138 snapshot verify PATH`: recomputes every digest and proves every block that it holds again.
 * Exit code 0 when all is as it says, 1 when something differs.
 */
export async function snapshotVerify(path: string, flags: SnapshotFlags, io: Io): Promise<number> {
  const { snapshot, folder } = await readSnapshot(path);
  const check = await verifySnapshot(folder, snapshot);
  const pin = snapshot.estate.pin ?? null;
  const faults = [...check.faults];
  let blocks = 0;
  let proofs = 0;
  for (const one of snapshot.observations) {
    const found = findBlocks(one.answer.facts);
    const proven = found.map((block) => proveBlock(block, pin));
    blocks += found.length;
    for (const result of proven)
      if (result.verdict === 'unreadable')
        faults.push(`${one.probe} at ${one.endpoint}: a block can not be read: ${result.reasons.join('; ')}`);
    if (one.probe !== 'qbft-proof') continue;
    proofs += 1;
    const { number, verdict } = one.answer.facts;
    const again = snapshot.observations
      .filter((head) => head.probe === 'besu-head' && head.endpoint === one.endpoint)
      .flatMap((head) => findBlocks(head.answer.facts))
      .map((block) => proveBlock(block, pin))
      .find((result) => result.number === number);
    if (again === undefined)
      faults.push(
        `qbft-proof at ${one.endpoint} says ${String(verdict)}, but its block ${String(number)} is not in the snapshot, so it can not be recomputed`,
      );
    else if (again.verdict !== verdict)
      faults.push(`qbft-proof at ${one.endpoint} says ${String(verdict)}, but its block is ${again.verdict}`);
  }
  const lines = faults.map((fault) => sanitiseLine(fault, 300));
  if (flags.json === true)
    printJson(io, {
      format: 'c138-snapshot-check',
      v: 1,
      folder,
      files: check.files,
      raws: check.raws,
      blocks,
      proofs,
      faults: lines,
    });
  else {
    for (const line of lines) io.out(`differs: ${line}\n`);
    io.out(
      `${check.files} files, ${check.raws} raw answers, ${blocks} blocks, ${proofs} quorum proofs: ${
        lines.length === 0 ? 'all as they should be' : `${lines.length} differ`
      }\n`,
    );
  }
  return lines.length === 0 ? 0 : 1;
}
