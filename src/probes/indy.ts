import { readFile, stat } from 'node:fs/promises';
import {
  type Check,
  type Endpoint,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../model/index.ts';
import { doubt, makeAnswer, pass, warn } from './besu/rpc-session.ts';
import { observe, type ProbeContext, timeoutOf } from './context.ts';
import { type Pool, type PoolNode, readPoolGenesis } from './pool-genesis.ts';
import { tcpExchange } from './transports/tcp.ts';
import { readZmtp, type ZmtpReading, zmtpGreeting } from './zmtp.ts';

/** A pool genesis file has a line of about a kilobyte for each node. */
const MOST_BYTES = 1024 * 1024;

/**
 * Probe `indy-zmtp`: greets in ZMTP. An Indy node speaks it with CURVE on its node and client ports. "A CURVE ZMTP endpoint" is all that a
 * greeting proves: neither which validator it is nor that the pool agrees; `validator-info` on the host is the real status.
 * The pool genesis file, where the estate file names one, says which node should be there.
 * Facts: `reading` (`zmtp`, `zmtp-signature`, `http`, `other`, `silent`), `mechanism`, `alias`, `poolNodes`, `mayFail`.
 */
export function indyNode(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const url = new URL(endpoint.url);
  return observe(
    context,
    { probe: 'indy-zmtp', endpoint, request: 'ZMTP greeting, mechanism CURVE' },
    async () => {
      const exchange = await tcpExchange({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: Number(url.port),
        send: zmtpGreeting(),
        // A listener of libzmq speaks first, and hangs up on a mechanism that it does not have.
        listenFirstMs: 200,
        enough: 64,
        timeoutMs: timeoutOf(endpoint),
        signal: context.signal,
      });
      if (exchange.class !== 'ok')
        return {
          answer: makeAnswer(exchange.class, {}, [], { detail: exchange.detail }),
          level: 'none',
          raw: null,
        };
      const reading = readZmtp(exchange.received);
      const pool = await poolOf(endpoint);
      const facts: JsonObject = {
        reading: reading.kind,
        mechanism: reading.kind === 'zmtp' ? reading.mechanism : null,
        alias: pool.node?.alias ?? null,
        poolNodes: pool.pool?.nodes.length ?? null,
        mayFail: pool.pool?.mayFail ?? null,
      };
      const raw = exchange.received.length === 0 ? null : context.storeRaw(exchange.received, [], false);
      return { answer: makeAnswer('ok', facts, [judge(reading), ...pool.checks]), level: 'runtime', raw };
    },
  );
}

interface Place {
  readonly pool: Pool | null;
  /** The node that the file names at this address. */
  readonly node: PoolNode | null;
  readonly checks: readonly Check[];
}

/** Where the pool genesis file has this address. */
async function poolOf(endpoint: Endpoint): Promise<Place> {
  const file = endpoint.poolGenesisFile;
  if (file === undefined) return { pool: null, node: null, checks: [] };
  let text: string;
  try {
    if ((await stat(file)).size > MOST_BYTES) throw new Error('too large');
    text = await readFile(file, 'utf8');
  } catch {
    const check = doubt(
      'indy-genesis',
      `the pool genesis file ${sanitiseLine(file, 160)} cannot be read`,
      'correct pool_genesis in the estate file',
    );
    return { pool: null, node: null, checks: [check] };
  }
  const pool = readPoolGenesis(text);
  const { host } = new URL(endpoint.url);
  const node = pool.nodes.find((one) => one.node === host || one.client === host) ?? null;
  const checks: Check[] = [];
  const [fault] = pool.faults;
  if (fault !== undefined)
    checks.push(
      warn('indy-genesis', `the pool genesis file: ${fault}`, 'compare it with that of another node'),
    );
  if (node === null)
    checks.push(
      warn(
        'indy-not-in-pool',
        `the pool genesis file names ${pool.nodes.length} nodes, none of them at ${host}`,
        'compare the address with the file; a node behind NAT is named by its public address',
      ),
    );
  return { pool, node, checks };
}

function judge(reading: ZmtpReading): Check {
  const next = 'see validator-info and the listeners on the host';
  switch (reading.kind) {
    case 'zmtp':
      return reading.mechanism === 'CURVE'
        ? pass('indy-zmtp', 'a CURVE ZMTP endpoint; which node it is, a greeting does not prove')
        : warn('indy-mechanism', `a ZMTP endpoint with ${reading.mechanism}; Indy speaks CURVE only`, next);
    case 'zmtp-signature':
      return warn(
        'indy-half-greeting',
        'a ZMTP endpoint that broke the greeting off when it was offered CURVE; one without encryption (NULL) does so',
        next,
      );
    case 'http':
      return warn('indy-http', 'an HTTP server listens where an Indy node should', next);
    case 'other':
      return warn('indy-other', 'something else than ZMTP listens where an Indy node should', next);
    case 'silent':
      return warn('indy-silent', 'something listens and says nothing: not identified', next);
  }
}
