import { headerRlp, proveBlock, type ValidatorPin } from '../../chain/index.ts';
import type { DocumentedEstate, Endpoint, JsonObject } from '../../model/index.ts';
import { readToken } from '../../probes/token.ts';
import { rpcCall } from '../../probes/transports/json-rpc.ts';

/** Nobody waits longer than this for a header, in milliseconds: it is never needed. */
const WAIT_MS = 1_500;
/** Nodes that are asked at once. */
const ASKED = 3;

/**
 * A recent header of the estate's chain with its committed seals, for a record to carry: what carries it is not older. Null when no node
 * gives one that proves itself soon enough.
 */
export async function recentHeader(
  estate: DocumentedEstate,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  const pin: ValidatorPin | null =
    estate.pin === undefined ? null : { validators: estate.pin.validators, fromBlock: estate.pin.fromBlock };
  const nodes = estate.endpoints
    .filter((one) => one.kind === 'json-rpc' && one.via === 'direct')
    .slice(0, ASKED);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
  try {
    return await Promise.any(nodes.map((node) => headerFrom(node, pin, stop)));
  } catch {
    return null;
  }
}

async function headerFrom(
  node: Endpoint,
  pin: ValidatorPin | null,
  signal: AbortSignal,
): Promise<JsonObject> {
  const answer = await rpcCall(
    node,
    'eth_getBlockByNumber',
    ['latest', false],
    signal,
    await readToken(node),
  );
  const { verdict } = proveBlock(answer.result, pin);
  if (answer.class !== 'ok' || (verdict !== 'proven' && !(pin === null && verdict === 'self-consistent')))
    throw new Error('no header that proves itself');
  return { rlp: headerRlp(answer.result) };
}
