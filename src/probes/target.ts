import type { Endpoint } from '../model/index.ts';

const LOOPBACK = /^(localhost|127\.|\[?::1)/;

/** The machine that bears the load: a host, or host and port on loopback, where one host plays many. */
export function targetOf(endpoint: Endpoint): string {
  try {
    const url = new URL(endpoint.url);
    if (url.protocol === 'local:') return 'this machine';
    return LOOPBACK.test(url.hostname) ? url.host : url.hostname;
  } catch {
    return endpoint.id;
  }
}
