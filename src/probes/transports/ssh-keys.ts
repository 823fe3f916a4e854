import { readFile, stat } from 'node:fs/promises';
import ssh2, {
  type AgentAuthMethod,
  type IdentityCallback,
  type ParsedKey,
  type PublicKeyAuthMethod,
} from 'ssh2';
import { sanitiseLine } from '../../model/index.ts';
import type { SshTarget } from '../ssh/ssh-target.ts';
import { readSecret, TokenError } from '../token.ts';

/** Keys to offer to a server, and what was wrong with those that cannot be offered. */
export interface Credentials {
  readonly methods: readonly (PublicKeyAuthMethod | AgentAuthMethod)[];
  readonly problems: readonly string[];
}

/** Reads the identity files of a host and asks for its agent: files that somebody named first, then the agent, then the usual files. */
export async function credentialsOf(target: SshTarget): Promise<Credentials> {
  const problems: string[] = [];
  const read = await Promise.all(target.identityFiles.map((file) => readIdentity(file, target)));
  const files: PublicKeyAuthMethod[] = [];
  for (const one of read) {
    if (typeof one === 'string') problems.push(one);
    else if (one !== null) files.push({ type: 'publickey', username: target.user, key: one });
  }
  const agent = await agentOf(target, problems);
  return {
    methods: target.identitiesNamed ? [...files, ...agent] : [...agent, ...files],
    problems,
  };
}

/** A private key, null for a usual file that is not there, or words about what is wrong. */
async function readIdentity(file: string, target: SshTarget): Promise<ParsedKey | string | null> {
  let text: Buffer;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0)
      return `the key file ${file} can be read by others and is not used; run: chmod 600 ${file}`;
    text = await readFile(file);
  } catch {
    return target.identitiesNamed ? `the key file ${file} cannot be read` : null;
  }
  const plain = parse(text);
  if (!(plain instanceof Error)) return plain;
  if (!/encrypted/i.test(plain.message))
    return `the key file ${file} is of a kind that is not understood here; load it into the agent`;
  if (target.passphrase === undefined)
    return `the key file ${file} is encrypted: load it into the agent (ssh-add ${file}), or say in the estate file where its passphrase is (ssh: { passphrase: … })`;
  try {
    const key = parse(text, await readSecret(target.passphrase, 'the passphrase'));
    return key instanceof Error ? `the passphrase does not open the key file ${file}` : key;
  } catch (error) {
    if (error instanceof TokenError) return error.message;
    throw error;
  }
}

function parse(text: Buffer, passphrase?: string): ParsedKey | Error {
  const parsed: unknown = ssh2.utils.parseKey(text, passphrase);
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error) return key;
  const usable = key as ParsedKey;
  return usable.isPrivateKey() ? usable : new Error('this is a public key');
}

async function agentOf(target: SshTarget, problems: string[]): Promise<readonly AgentAuthMethod[]> {
  if (target.agentSocket === null) return [];
  const agent = ssh2.createAgent(target.agentSocket);
  const keys = await new Promise<readonly ParsedKey[] | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), AGENT_MS);
    agent.getIdentities((error, found) => {
      clearTimeout(timer);
      resolve(error ? null : ((found ?? []) as ParsedKey[]));
    });
  });
  if (keys === null) {
    problems.push(`the agent at ${target.agentSocket} does not answer`);
    return [];
  }
  const wanted = target.identitiesOnly ? await only(keys, target) : keys;
  if (wanted.length === 0) return [];
  return [{ type: 'agent', username: target.user, agent: new FewKeys(target.agentSocket, wanted) }];
}

const AGENT_MS = 2000;

/** The keys of the agent that one of the identity files stands for. */
async function only(keys: readonly ParsedKey[], target: SshTarget): Promise<readonly ParsedKey[]> {
  const blobs = await Promise.all(
    target.identityFiles.map(async (file) => {
      const text = await readFile(`${file}.pub`, 'latin1').catch(() => '');
      return text.split(/\s+/)[1] ?? '';
    }),
  );
  return keys.filter((key) => blobs.includes(key.getPublicSSH().toString('base64')));
}

/** An agent of which some keys are offered only; a server counts each key that is tried. */
class FewKeys extends ssh2.OpenSSHAgent {
  readonly #keys: ParsedKey[];

  constructor(socket: string, keys: readonly ParsedKey[]) {
    super(socket);
    this.#keys = [...keys];
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, this.#keys);
  }
}

/** Problems in one line, for the message about a login that failed. */
export function problemsText(problems: readonly string[]): string {
  return problems.length === 0 ? '' : `; ${sanitiseLine(problems.join('; '), 300)}`;
}
