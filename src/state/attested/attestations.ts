import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { splitJournal } from '../../evidence/journal/tail.ts';
import { parseLine } from '../../evidence/record/line.ts';
import { parseBody } from '../../evidence/record/record.ts';
import { verifySession } from '../../evidence/verify/verify.ts';
import type { Attestation, RecordBody } from '../../model/index.ts';

/**
 * The attestations in force: what people signed in sessions of this estate that are sealed, verify against the trust store in force and
 * meet their policy. Anything less attests nothing.
 */
export async function readAttestations(
  evidenceDir: string,
  trustFile: string,
  estateId: string,
): Promise<readonly Attestation[]> {
  const trust = await readFile(trustFile).catch(() => null);
  if (trust === null) return [];
  const names = await readdir(evidenceDir).catch(() => []);
  const out: Attestation[] = [];
  for (const name of names.sort()) {
    const folder = join(evidenceDir, name);
    const report = await verifySession(folder, { trust });
    if (report.exitCode !== 0 || report.estateId !== estateId) continue;
    const journal = await readFile(join(folder, 'journal.jsonl')).catch(() => null);
    // A bundle that lies among the sessions is a copy; its session counts where it was made.
    if (journal === null) continue;
    const { lines } = splitJournal(journal);
    out.push(...attestationsOf(lines.map((line) => parseBody(parseLine(line).bodyBytes))));
  }
  return out;
}

/** The claims of a verified journal, with who made and who witnessed them. A correction replaces what it corrects. Pure. */
export function attestationsOf(bodies: readonly RecordBody[]): readonly Attestation[] {
  const witnesses = new Map<number, string>();
  const corrected = new Set<number>();
  for (const body of bodies) {
    if (body.kind === 'witness') witnesses.set(body.ref.seq, body.witness.person);
    if (body.kind === 'correction') corrected.add(body.ref.seq);
  }
  return bodies.flatMap((body) => {
    if ((body.kind !== 'confirm' && body.kind !== 'correction') || corrected.has(body.seq)) return [];
    return body.claims.map((claim) => ({
      subject: claim.subject,
      claim: claim.state,
      at: body.at,
      performer: body.actor?.person ?? '',
      witness: witnesses.get(body.seq) ?? null,
      session: body.session,
      seq: body.seq,
    }));
  });
}
