import { loadEstate } from '../estate/index.ts';
import { sanitiseLine } from '../model/index.ts';
import { readToken } from '../probes/token.ts';
import { type WsHead, watchHeads } from '../probes/transports/ws.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface WatchFlags {
  readonly heads?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Milliseconds that each head may take before we give up. */
const PATIENCE_MS = 15_000;

/**
 * `c138 chain watch ENDPOINT`: new heads as one node pushes them over its WebSocket, with how long each took to arrive. Exit code 0 all
 * heads came and the connection was closed by both sides, 1 not so, 2 usage, 3 nobody could look.
 */
export async function chainWatch(paths: Paths, id: string, flags: WatchFlags, io: Io): Promise<number> {
  const wanted = Number(flags.heads ?? '5');
  if (!Number.isSafeInteger(wanted) || wanted < 1 || wanted > 10_000)
    throw new CliError('--heads: give a whole number from 1 to 10000');
  const estate = await loadEstate(paths.estateFile.path);
  const endpoint = estate.endpoints.find((one) => one.id === id);
  if (endpoint === undefined) throw new CliError(`the estate file names no endpoint ${sanitiseLine(id, 80)}`);
  if (endpoint.wsUrl === undefined)
    throw new CliError(
      `${sanitiseLine(id, 80)}: the estate file gives it no ws_url. Add one, for example ws_url: ws://HOST:8546`,
    );
  const token = await readToken(endpoint);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  const heads: WsHead[] = [];
  try {
    const result = await watchHeads({
      url: endpoint.wsUrl,
      heads: wanted,
      timeoutMs:
        PATIENCE_MS +
        wanted * Math.max(estate.thresholds.emptyBlockPeriodS, estate.thresholds.blockPeriodS) * 2_000,
      signal: abort.signal,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      onHead: (head) => {
        heads.push(head);
        if (flags.json !== true)
          io.out(`block ${head.number}\t${head.arrivedAt - head.timestamp * 1000} ms after its timestamp\n`);
      },
    });
    if (flags.json === true)
      printJson(io, { format: 'c138-chain-watch', v: 1, endpoint: id, ...result, seen: heads });
    const clean = result.closedCleanly ? 'closed by both sides' : 'the other side did not close';
    io.err(`c138: ${result.class}: ${result.detail}; ${clean}\n`);
    if (result.class !== 'ok' && result.heads === 0) return 3;
    return result.class === 'ok' && result.heads >= wanted && result.closedCleanly ? 0 : 1;
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
