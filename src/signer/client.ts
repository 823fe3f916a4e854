import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { WitnessStatement } from '../evidence/record/typed-data.ts';
import type { Hex } from '../model/json.ts';
import { partArguments } from '../program/parts.ts';
import type { AnchorAsk, Ask, KeyChoice, Reply, SignerFacts, SignerPrompt } from './protocol.ts';

/** The signer process as the worker sees it. No method takes or gives a secret. */
export interface SignerClient {
  facts(): Promise<SignerFacts>;
  /** The signer asks for the passphrase on the terminal itself; nobody else may be drawing on it. */
  unlock(): Promise<SignerFacts>;
  prepare(bodyBytes: Uint8Array, estateId: string): Promise<SignerPrompt>;
  /** @throws SignerError when the code is wrong, used or too old */
  sign(promptId: string, code: string): Promise<Hex>;
  cancel(promptId: string): Promise<void>;
  signTrust(bodyBytes: Uint8Array): Promise<{ readonly address: Hex; readonly sig: Hex }>;
  /** Signs somebody else's line as a witness. The signer shows it and asks for its code on the terminal itself. */
  signWitness(
    line: Uint8Array,
    statement: WitnessStatement,
    estateId: string,
  ): Promise<{ readonly address: Hex; readonly sig: Hex }>;
  /** Signs the anchor of a seal as a transaction, from its holder to itself. The signer shows it and asks for its code on the terminal. */
  signAnchor(anchor: AnchorAsk): Promise<Hex>;
  close(): Promise<void>;
  /** Resolves when the process is gone, whatever ended it. */
  readonly ended: Promise<void>;
}

/** The signer refused, or has ended. */
export class SignerError extends Error {
  override readonly name = 'SignerError';
}

/** The few variables that the signer needs; nothing else of the environment reaches it. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TERM, LANG, TSX_TSCONFIG_PATH } = process.env;
  return Object.fromEntries(
    Object.entries({ PATH, HOME, TERM, LANG, TSX_TSCONFIG_PATH }).filter(([, value]) => value !== undefined),
  );
}

const KEY_LOCKED =
  'the signer process has ended, and nothing was signed. Do it again: a new one asks for the passphrase';
const KEY_GONE =
  'the signer process has ended, and the throw-away key with it. Quit and start the demonstration again, then take the session up';

/** The process and the way to ask it. */
interface Connection {
  ask(message: object): Promise<unknown>;
  kill(): void;
  close(): Promise<void>;
  readonly ended: Promise<void>;
}

/** @param lost what it means that the process is gone, and what to do */
function connect(lost = KEY_LOCKED): Connection {
  const child: ChildProcess = spawn(process.execPath, partArguments('signer'), {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: environment(),
  });
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let next = 0;
  const gone = Promise.withResolvers<void>();
  let ended = false;
  const end = (): void => {
    ended = true;
    for (const { reject } of pending.values()) reject(new SignerError(lost));
    pending.clear();
    gone.resolve();
  };
  child.on('error', end);
  child.on('exit', end);
  child.stdin?.on('error', () => undefined);
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const reply = JSON.parse(line) as Reply;
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.value);
      else waiting?.reject(new SignerError(reply.message));
    });
  const ask = (message: object): Promise<unknown> => {
    if (ended) return Promise.reject(new SignerError(lost));
    const id = next;
    next += 1;
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      child.stdin?.write(`${JSON.stringify({ id, ...message })}\n`);
    });
  };
  return {
    ask,
    kill: () => void child.kill(),
    close: async () => {
      if (ended) return;
      child.stdin?.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
      await gone.promise;
      clearTimeout(timer);
    },
    ended: gone.promise,
  };
}

/**
 * Starts the signer process and lets it take its key.
 * @throws SignerError when the key cannot be held
 */
export async function startSigner(choice: KeyChoice): Promise<SignerClient> {
  const { ask, kill, close, ended } = connect(choice.kind === 'throw-away' ? KEY_GONE : KEY_LOCKED);
  const op = (question: Ask): Promise<unknown> => ask(question);
  try {
    await ask({ op: 'hold', ...choice });
  } catch (error) {
    kill();
    throw error;
  }
  return {
    facts: async () => (await op({ op: 'hello' })) as SignerFacts,
    unlock: async () => (await op({ op: 'unlock' })) as SignerFacts,
    prepare: async (bodyBytes, estateId) =>
      (await op({
        op: 'prepare',
        body: Buffer.from(bodyBytes).toString('base64'),
        estateId,
      })) as SignerPrompt,
    sign: async (promptId, code) => (await op({ op: 'sign', promptId, code })) as Hex,
    cancel: async (promptId) => {
      await op({ op: 'cancel', promptId });
    },
    signTrust: async (bodyBytes) =>
      (await op({ op: 'sign-trust', body: Buffer.from(bodyBytes).toString('base64') })) as {
        address: Hex;
        sig: Hex;
      },
    signWitness: async (line, statement, estateId) =>
      (await op({
        op: 'sign-witness',
        line: Buffer.from(line).toString('base64'),
        statement,
        estateId,
      })) as { address: Hex; sig: Hex },
    signAnchor: async (anchor) => (await op({ op: 'sign-anchor', anchor })) as Hex,
    close,
    ended,
  };
}

/**
 * Lets a signer process test a program that signs, and write its description.
 * @throws SignerError when it does not sign as it must
 */
export async function makeExternal(
  path: string,
  command: readonly string[],
): Promise<{ readonly address: Hex; readonly pubkey: Hex }> {
  const { ask, close } = connect();
  try {
    return (await ask({ op: 'make-external', path, command })) as { address: Hex; pubkey: Hex };
  } finally {
    await close();
  }
}

/**
 * Lets a signer process make a keystore. It asks for the passphrase (and, for an import, the private key) on the terminal itself.
 * @throws SignerError without a terminal, when the file exists, or when the operator gives up
 */
export async function makeKey(
  path: string,
  imported: boolean,
): Promise<{ readonly address: Hex; readonly pubkey: Hex }> {
  const { ask, close } = connect();
  try {
    return (await ask({ op: 'make', path, imported })) as { address: Hex; pubkey: Hex };
  } finally {
    await close();
  }
}
