import type { Endpoint, Observation } from '../model/index.ts';
import { makeAnswer } from './besu/rpc-session.ts';
import { observe, type ProbeContext, timeoutOf } from './context.ts';
import { tcpConnect } from './transports/tcp.ts';

/** Probe `tcp-connect`: whether something listens. It never proves what. Facts: `open`. */
export function tcpProbe(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const url = new URL(endpoint.url);
  const port = Number(url.port);
  return observe(context, { probe: 'tcp-connect', endpoint, request: `TCP connect ${port}` }, async () => {
    const result = await tcpConnect(
      url.hostname.replace(/^\[|\]$/g, ''),
      port,
      timeoutOf(endpoint),
      context.signal,
    );
    return {
      answer: makeAnswer(result.class, { open: result.class === 'ok' }, [], {
        detail: result.class === 'ok' ? '' : result.detail,
      }),
      level: result.class === 'ok' ? 'runtime' : 'none',
      raw: null,
    };
  });
}
