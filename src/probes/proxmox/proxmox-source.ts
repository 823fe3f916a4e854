import { dirname } from 'node:path';
import type { AnswerClass, Endpoint, RawRef } from '../../model/index.ts';
import { sanitiseLine } from '../../model/index.ts';
import { pveshArgv } from '../allow-list.ts';
import { type ProbeContext, timeoutOf } from '../context.ts';
import { getJson, type JsonGet } from '../http-get.ts';
import { redact } from '../redact.ts';
import { readToken, TokenError } from '../token.ts';
import type { CommandAnswer, CommandRunner } from '../transports/command.ts';
import { NO_ANSWER } from '../transports/http.ts';
import { localRunner } from '../transports/local.ts';
import { sshRunner } from '../transports/ssh.ts';

/** How Proxmox is asked: on the node as root, by its API here or elsewhere, or on the node over SSH. Best first. */
export const PVE_WAYS = ['pvesh', 'api-here', 'api-elsewhere', 'ssh'] as const;
export type PveWay = (typeof PVE_WAYS)[number];

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The way that the address of an endpoint stands for. */
export function wayOf(endpoint: Endpoint): PveWay {
  const { protocol, hostname } = new URL(endpoint.url);
  if (protocol === 'local:') return 'pvesh';
  if (protocol === 'ssh:') return 'ssh';
  return LOOPBACK.test(hostname) ? 'api-here' : 'api-elsewhere';
}

/** The endpoints that lead to Proxmox, in the order in which they are preferred; equals keep the order of the estate file. */
export function inOrderOfAccess(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const rank = (one: Endpoint): number => PVE_WAYS.indexOf(wayOf(one));
  return endpoints.filter((one) => one.kind === 'proxmox-api').sort((a, b) => rank(a) - rank(b));
}

/** One host's Proxmox, however it is reached. */
export interface PveSource {
  readonly way: PveWay;
  /** The question as it is told, for example `GET /api2/json/version` or `pvesh get /version`. */
  request(path: string): string;
  /** @param path of the allow-list, with `/api2/json` in front */
  get(path: string): Promise<JsonGet>;
  /** Runs the text tools of the node; null where only its API is at hand. */
  readonly runner: CommandRunner | null;
}

/** Opens the way to Proxmox that an endpoint names. Connects to nothing yet. */
export function pveSource(context: ProbeContext, endpoint: Endpoint): PveSource {
  const way = wayOf(endpoint);
  switch (way) {
    case 'pvesh': {
      const program = new URL(endpoint.url).pathname;
      const folder = dirname(program);
      return commandSource(context, endpoint, way, localRunner(folder));
    }
    case 'ssh':
      return commandSource(context, endpoint, way, sshRunner(context, endpoint));
    case 'api-here':
    case 'api-elsewhere':
      return {
        way,
        runner: null,
        request: (path) => `GET ${path}`,
        get: (path) => askApi(context, endpoint, path),
      };
  }
}

async function askApi(context: ProbeContext, endpoint: Endpoint, path: string): Promise<JsonGet> {
  let token: string | null;
  try {
    token = await readToken(endpoint);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { class: 'auth', status: null, json: null, detail: error.message, raw: null };
  }
  const sent = token === null ? null : { header: `PVEAPIToken=${token}`, secret: token };
  const get = await getJson(context, endpoint, path, sent);
  if (get.detail.startsWith(NO_ANSWER) && get.class === 'timeout' && timeoutOf(endpoint) < REFUSAL_DELAY_MS)
    return {
      ...get,
      detail: `${get.detail}; Proxmox holds a refused token back for 3 s, so timeout_ms below ${REFUSAL_DELAY_MS} cannot tell it from silence`,
    };
  return get;
}

/** Proxmox answers every 401 after three seconds. */
const REFUSAL_DELAY_MS = 4000;

function commandSource(
  context: ProbeContext,
  endpoint: Endpoint,
  way: PveWay,
  runner: CommandRunner,
): PveSource {
  return {
    way,
    runner,
    request: (path) => pveshArgv(path).join(' '),
    get: async (path) =>
      readPvesh(context, await runner.run(pveshArgv(path), timeoutOf(endpoint), context.signal)),
  };
}

/** Reads what `pvesh get … --output-format json` printed: the bare value, one line, no envelope. */
function readPvesh(context: ProbeContext, answer: CommandAnswer): JsonGet {
  const give = (
    cls: AnswerClass,
    detail: string,
    json: unknown = null,
    raw: RawRef | null = null,
  ): JsonGet => ({
    class: cls,
    status: answer.exit,
    json,
    detail: sanitiseLine(detail, 200),
    raw,
  });
  if (answer.class === 'exit') return give(...classOfPvesh(answer));
  if (answer.class !== 'ok') return give(answer.class, answer.detail);
  const { bytes, redactions } = redact(answer.stdout);
  const raw = answer.stdout.length === 0 ? null : context.storeRaw(bytes, redactions, false);
  const text = Buffer.from(answer.stdout).toString('utf8');
  if (text.trim() === '') return give('empty', 'pvesh printed nothing', null, raw);
  try {
    return give('ok', '', JSON.parse(text), raw);
  } catch {
    return give('not-json', 'what pvesh printed is not JSON', null, raw);
  }
}

/** What a failed `pvesh` means, by its own words. */
function classOfPvesh(answer: CommandAnswer): readonly [AnswerClass, string] {
  const { stderr, exit, detail } = answer;
  if (exit === 127) return ['not-configured', 'there is no pvesh on that host; it is no Proxmox node'];
  if (/run as root/i.test(stderr))
    return ['not-allowed', 'pvesh runs only as root: become root, or use an API token'];
  if (/permission/i.test(stderr)) return ['not-allowed', detail];
  if (/ipcc_send_rec/.test(stderr))
    return ['exit', `the cluster file system does not answer pvesh (is pve-cluster running?): ${detail}`];
  return ['exit', detail];
}
