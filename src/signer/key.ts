import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { freshPrivateKey, inspectKeystore, KeystoreError, openKeystore } from '../evidence/keystore.ts';
import { recoverAddress } from '../evidence/record-signature.ts';
import type { Hex } from '../model/json.ts';
import type { KeyChoice, SignerFacts } from './protocol.ts';
import { askSecret, tellTerminal } from './terminal.ts';

/** Minutes without use after which a keystore is locked again. */
const IDLE_MS = 10 * 60_000;
const MAX_KEYSTORE = 64 * 1024;
/** Signed and recovered before a key is used, so that a faulty signer is found before it signs a record. */
const SELF_TEST: Hex = `0x${'c1'.repeat(32)}`;

/** The key that this process holds. It never leaves it. */
export class HeldKey {
  readonly #choice: KeyChoice;
  readonly #address: Hex;
  readonly #keystore: string | null;
  #key: SigningKey | null;
  #idle: NodeJS.Timeout | null = null;

  private constructor(choice: KeyChoice, address: Hex, keystore: string | null, key: SigningKey | null) {
    this.#choice = choice;
    this.#address = address;
    this.#keystore = keystore;
    this.#key = key;
  }

  /** @throws KeystoreError when the file is missing, readable by others, or no keystore */
  static async hold(choice: KeyChoice): Promise<HeldKey> {
    if (choice.kind === 'throw-away') {
      const key = new SigningKey(freshPrivateKey());
      selfTest(key);
      return new HeldKey(choice, computeAddress(key.publicKey).toLowerCase() as Hex, null, key);
    }
    const text = await readKeystore(choice.path);
    return new HeldKey(choice, inspectKeystore(text).address as Hex, text, null);
  }

  get facts(): SignerFacts {
    return {
      address: this.#address,
      pubkey: (this.#key?.publicKey.toLowerCase() ?? '') as SignerFacts['pubkey'],
      locked: this.#key === null,
      throwAway: this.#choice.kind === 'throw-away',
    };
  }

  /** Asks for the passphrase on the terminal and opens the keystore. */
  async unlock(): Promise<void> {
    if (this.#key !== null || this.#keystore === null) return;
    if (inspectKeystore(this.#keystore).weak)
      tellTerminal('Warning: this keystore is protected with a low key derivation cost.');
    const passphrase = await askSecret(`Passphrase for ${this.#address}: `);
    const key = new SigningKey(await openKeystore(this.#keystore, passphrase));
    selfTest(key);
    this.#key = key;
    this.#touch();
  }

  /** Signs 32 bytes; the signature has the one spelling of the format: 65 bytes, low s, v 1b or 1c. */
  sign(digest: Hex): Hex {
    if (this.#key === null) throw new KeystoreError('the key is locked; unlock it first');
    this.#touch();
    return signWith(this.#key, digest);
  }

  #touch(): void {
    if (this.#keystore === null) return;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#key = null;
    }, IDLE_MS);
    this.#idle.unref();
  }
}

function signWith(key: SigningKey, digest: Hex): Hex {
  const signature = key.sign(digest);
  return `${signature.r}${signature.s.slice(2)}${signature.yParity === 0 ? '1b' : '1c'}`.toLowerCase() as Hex;
}

function selfTest(key: SigningKey): void {
  const expected = computeAddress(key.publicKey).toLowerCase();
  if (recoverAddress(SELF_TEST, signWith(key, SELF_TEST)) !== expected)
    throw new KeystoreError('the signer failed its self-test; nothing was signed');
}

async function readKeystore(path: string): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new KeystoreError(`the keystore ${path} cannot be read (${code}); make one with: c138 key new`);
  }
  try {
    const { mode, size, uid } = await handle.stat();
    if ((mode & 0o077) !== 0)
      throw new KeystoreError(`the keystore ${path} can be read by others; run: chmod 600 ${path}`);
    if (uid !== process.getuid?.()) throw new KeystoreError(`the keystore ${path} belongs to another user`);
    if (size > MAX_KEYSTORE) throw new KeystoreError(`the keystore ${path} is too large to be one`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
