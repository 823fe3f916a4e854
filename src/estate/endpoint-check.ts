import { type Endpoint, type EndpointKind, sanitiseLine } from '../model/index.ts';
import { EstateFileError } from './errors.ts';

const HTTP = ['http:', 'https:'];
/** Kinds that are not asked over HTTP. */
const SCHEMES: Partial<Record<EndpointKind, readonly string[]>> = {
  'proxmox-api': ['https:', 'http:', 'local:', 'ssh:'],
  ssh: ['ssh:'],
  tcp: ['tcp:'],
  indy: ['tcp:'],
};
/** Schemes without a port of their own. */
const NEEDS_PORT: ReadonlySet<string> = new Set(['tcp:']);

/**
 * Endpoints that could never be asked are a fault of the file, told before anything is asked.
 * @throws EstateFileError for an id that is there twice, and an address that is none or does not fit its kind
 */
export function checkEndpoints(endpoints: readonly Endpoint[], file: string): void {
  const seen = new Set<string>();
  for (const one of endpoints) {
    const reject = (key: string, message: string, mend: string): never => {
      throw new EstateFileError({ file, key: `endpoints ${one.id}${key}`, message, mend });
    };
    if (seen.has(one.id))
      reject('', `two endpoints have the id ${one.id}`, 'Give each endpoint an id of its own.');
    seen.add(one.id);
    for (const [key, text] of [
      [' url', one.url],
      [' ws_url', one.wsUrl],
    ] as const)
      if (text !== undefined && !URL.canParse(text))
        reject(key, `"${sanitiseLine(text, 80)}" is no address`, 'Write scheme://host:port, once each.');
    const { protocol, port } = new URL(one.url);
    const allowed = SCHEMES[one.kind] ?? HTTP;
    if (!allowed.includes(protocol))
      reject(
        ' url',
        `an endpoint of kind ${one.kind} is not asked by ${protocol}//`,
        `Write ${allowed.map((scheme) => `${scheme}//`).join(', ')}, or another kind.`,
      );
    if (NEEDS_PORT.has(protocol) && port === '')
      reject(' url', 'there is no port', 'Write it behind the host: tcp://host:port.');
  }
}
