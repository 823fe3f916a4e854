import type { Check, Endpoint, JsonObject, Observation } from '../model/index.ts';
import { observe, type ProbeContext, timeoutOf } from './context.ts';
import { makeAnswer, pass, warn } from './rpc-session.ts';
import { tcpExchange } from './transports/tcp.ts';
import { readZmtp, type ZmtpReading, zmtpGreeting } from './zmtp.ts';

/**
 * Probe `indy-zmtp`: greets in ZMTP. An Indy node speaks it with CURVE on its node and client ports. "A CURVE ZMTP endpoint" is all that a
 * greeting proves: neither which validator it is nor that the pool agrees; `validator-info` on the host is the real status.
 * Facts: `reading` (`zmtp`, `zmtp-signature`, `http`, `other`, `silent`), `mechanism`.
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
      const facts: JsonObject = {
        reading: reading.kind,
        mechanism: reading.kind === 'zmtp' ? reading.mechanism : null,
      };
      const raw = exchange.received.length === 0 ? null : context.storeRaw(exchange.received, [], false);
      return { answer: makeAnswer('ok', facts, [judge(reading)]), level: 'runtime', raw };
    },
  );
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
