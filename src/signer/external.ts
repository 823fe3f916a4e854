import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { recoverAddress, SignatureError } from '../evidence/record/record-signature.ts';
import {
  DOMAIN_NAME,
  digestOfTyped,
  EVIDENCE_CHAIN_ID,
  type TypedData,
} from '../evidence/record/typed-data.ts';
import { typedDataDocument } from '../evidence/record/typed-data-json.ts';
import type { Hex } from '../model/json.ts';
import { sanitiseLine } from '../model/sanitise.ts';

/** The external signer did not do what it must; nothing that it gave was used. */
export class ExternalSignerError extends Error {
  override readonly name = 'ExternalSignerError';
}

/**
 * A program that signs in our place, a hardware wallet behind `cast` for instance: a file `*.json` of mode 0600 among the keystores.
 * The typed data goes to its standard input, or to a file whose path stands for `{file}`; it answers the signature on standard output.
 */
export interface ExternalSigner {
  readonly format: 'c138-external-signer';
  readonly v: 1;
  readonly address: Hex;
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  /** Seconds that a person at the device has. */
  readonly timeout_s: number;
}

const FILE_MARK = '{file}';
const MOST_OUTPUT = 4096;
export const DEFAULT_TIMEOUT_S = 120;

/** @returns null when the text describes no external signer @throws ExternalSignerError when it does, but wrongly */
export function parseExternal(text: string): ExternalSigner | null {
  let json: Partial<ExternalSigner> | null;
  try {
    json = JSON.parse(text) as Partial<ExternalSigner> | null;
  } catch {
    return null;
  }
  if (json === null || typeof json !== 'object' || json.format !== 'c138-external-signer') return null;
  const { v, address, command, timeout_s: seconds = 0 } = json;
  const good =
    v === 1 &&
    /^0x[0-9a-f]{40}$/.test(String(address)) &&
    Array.isArray(command) &&
    command.length > 0 &&
    command.every((one) => typeof one === 'string' && one !== '') &&
    Number.isSafeInteger(seconds) &&
    seconds >= 1 &&
    seconds <= 600;
  if (!good)
    throw new ExternalSignerError(
      'the description of the external signer is not well-formed; make it with: c138 key external',
    );
  return json as ExternalSigner;
}

/** Signed and recovered before the program is trusted with anything; it is no record, so the signature is of no use to anybody. */
const SELF_TEST: TypedData = {
  domain: { name: DOMAIN_NAME, version: '1', chainId: EVIDENCE_CHAIN_ID, salt: `0x${'00'.repeat(32)}` },
  types: { OperatorSelfTest: [{ name: 'purpose', type: 'string' }] },
  primaryType: 'OperatorSelfTest',
  message: { purpose: 'shows that this signer signs; proves nothing else' },
};

/**
 * Lets the program sign the self-test.
 * @param expected the address that it must turn out to have; null to learn it
 * @throws ExternalSignerError
 */
export async function testExternal(
  command: readonly string[],
  timeoutS: number,
  expected: Hex | null,
): Promise<{ readonly address: Hex; readonly pubkey: Hex }> {
  const digest = digestOfTyped(SELF_TEST);
  const sig = await ask(command, timeoutS, SELF_TEST);
  const address = signerOf(digest, sig);
  if (expected !== null && address !== expected)
    throw new ExternalSignerError(
      `the external signer signed as ${address}, not as ${expected}; nothing was signed`,
    );
  const pubkey = SigningKey.recoverPublicKey(digest, sig).toLowerCase() as Hex;
  if (computeAddress(pubkey).toLowerCase() !== address)
    throw new ExternalSignerError('the external signer failed its self-test; nothing was signed');
  return { address, pubkey };
}

/** @throws ExternalSignerError unless the signature is by the address, over exactly this, in the one spelling */
export async function signExternal(signer: ExternalSigner, typed: TypedData): Promise<Hex> {
  const sig = await ask(signer.command, signer.timeout_s, typed);
  const address = signerOf(digestOfTyped(typed), sig);
  if (address !== signer.address)
    throw new ExternalSignerError(
      `the external signer answered with a signature by ${address}, or over something else; it was not used`,
    );
  return sig as Hex;
}

function signerOf(digest: Hex, sig: string): Hex {
  try {
    return recoverAddress(digest, sig);
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    throw new ExternalSignerError(`the external signer answered no signature that counts: ${error.message}`);
  }
}

/** Runs the program once. */
async function ask(command: readonly string[], timeoutS: number, typed: TypedData): Promise<string> {
  const document = `${JSON.stringify(typedDataDocument(typed))}\n`;
  if (!command.includes(FILE_MARK)) return run(command, document, timeoutS);
  const folder = await mkdtemp(join(tmpdir(), 'c138-sign-'));
  try {
    const file = join(folder, 'typed-data.json');
    await writeFile(file, document, { mode: 0o600, flag: 'wx' });
    const filled = command.map((one) => (one === FILE_MARK ? file : one));
    return await run(filled, '', timeoutS);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(command: readonly string[], input: string, timeoutS: number): Promise<string> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const fail = (text: string): void => reject(new ExternalSignerError(`the external signer ${text}`));
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    let out = '';
    let complaint = '';
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    };
    const timer = setTimeout(() => {
      end();
      fail(`gave no answer within ${timeoutS} seconds; nothing was signed`);
    }, timeoutS * 1000);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(`can not be started (${error.code ?? 'error'})`);
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      if (out.length <= MOST_OUTPUT) return;
      end();
      fail('answered more than a signature');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-MOST_OUTPUT);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(out.trim());
      else
        fail(
          `failed with exit code ${code}: ${sanitiseLine(complaint.trim().split('\n').at(-1) ?? '', 160)}`,
        );
    });
  });
}
