import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExchangeError, readAnswer, spokenCode, toFile, toPaste } from '../../evidence/exchange.ts';
import { findKey, keyProblem, nameOf, type TrustStore } from '../../evidence/trust/trust.ts';
import type { Actor, DetachedSignature, HandoverBody } from '../../model/index.ts';
import type { WitnessAsk } from '../backend.ts';
import { RunError } from './run-in-hand.ts';
import { witnessRequest } from './witness.ts';

/** Folder of requests, beside the sessions. */
const REQUESTS = 'requests';

/** The persons who could take over: holders of a key that may act as performer now, without the one in charge. */
export function receivers(trust: TrustStore, inCharge: string): readonly string[] {
  const now = new Date().toISOString();
  const people = trust.body.keys
    .filter((key) => key.person !== inCharge && keyProblem(key, now, 'performer') === null)
    .map((key) => key.person);
  return [...new Set(people)];
}

/**
 * Writes the request that the receiver of a handover signs, on their own machine. It is over the last line of the journal, so that they
 * accept the run exactly as it stands.
 * @throws RunError when that person can not take over; ExchangeError
 */
export async function askHandover(
  place: { readonly dir: string; readonly evidenceDir: string },
  lastSeq: number,
  person: string,
  trust: TrustStore,
  inCharge: string,
): Promise<WitnessAsk> {
  const able = receivers(trust, inCharge);
  if (!able.includes(person))
    throw new RunError(
      able.length === 0
        ? 'the trust store knows nobody else who may act as performer; add a key with: c138 trust add --role performer'
        : `"${person}" can not take over. Those who can: ${able.join(', ')}`,
    );
  const request = await witnessRequest(place.dir, lastSeq);
  const folder = join(place.evidenceDir, REQUESTS);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = `${request.session.slice(2, 10)}-${lastSeq}.json`;
  const path = join(folder, `handover-${name}`);
  await writeFile(path, toFile(request), { mode: 0o600 });
  return {
    path,
    answerPath: join(folder, `accepted-${name}`),
    text: toPaste(request),
    spoken: spokenCode(request.ref),
    seq: lastSeq,
    meaning: 'accepted',
  };
}

/** What is known of the session that a handover goes into. */
export interface HandingOver {
  readonly session: string;
  readonly estateId: string;
  readonly seq: number;
  readonly prev: string;
  readonly actor: Actor;
  readonly trust: TrustStore;
}

/**
 * The parts of a handover record from the receiver's acceptance, after everything that the verifier will ask was asked here.
 * @throws ExchangeError saying why it does not count
 */
export function handoverFrom(answer: string, at: HandingOver): Pick<HandoverBody, 'to' | 'accept'> {
  const { session, estate_id, ref, witness } = readAnswer(answer);
  if (session !== at.session || estate_id !== at.estateId)
    throw new ExchangeError('this acceptance belongs to another session');
  if (witness.meaning !== 'accepted')
    throw new ExchangeError(
      `this signature says "${witness.meaning}"; taking over is signed with: --meaning accepted`,
    );
  if (ref.seq !== at.seq - 1 || ref.line_sha256 !== at.prev)
    throw new ExchangeError(
      'something was recorded since this was accepted; ask again, so that they accept the run as it stands now',
    );
  refuseReceiver(witness, at);
  return {
    to: { person: witness.person, name: witness.name, address: witness.address },
    accept: witness,
  };
}

function refuseReceiver(witness: DetachedSignature, { actor, trust }: HandingOver): void {
  if (witness.person === actor.person || witness.address === actor.address)
    throw new ExchangeError('a run is handed over to another person');
  const key = findKey(trust, witness.address);
  if (key === null)
    throw new ExchangeError(
      `the key ${witness.address} is not in the trust store; add it with: c138 trust add --role performer`,
    );
  if (key.person !== witness.person || nameOf(trust, key.person) !== witness.name)
    throw new ExchangeError(`the key ${witness.address} belongs to ${key.person}, not to ${witness.person}`);
  const problem = keyProblem(key, witness.at, 'performer');
  if (problem !== null) throw new ExchangeError(problem);
}
