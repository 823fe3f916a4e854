import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { freshPrivateKey, inspectKeystore, KeystoreError, openKeystore } from '../evidence/keystore.ts';
import { recoverAddress } from '../evidence/record/record-signature.ts';
import type { TypedData } from '../evidence/record/typed-data.ts';
import type { Hex } from '../model/json.ts';
import {
  type ExternalSigner,
  ExternalSignerError,
  parseExternal,
  signExternal,
  testExternal,
} from './external.ts';
import { readPrivateFile } from './private-file.ts';
import type { KeyChoice, SignerFacts } from './protocol.ts';
import { askSecret, tellTerminal } from './terminal.ts';

/** Minutes without use after which a keystore is locked again. */
const IDLE_MS = 10 * 60_000;
/** Signed and recovered before a key is used, so that a faulty signer is found before it signs a record. */
const SELF_TEST: Hex = `0x${'c1'.repeat(32)}`;

/** The key that this process holds. It never leaves it. */
export class HeldKey {
  readonly #choice: KeyChoice;
  readonly #address: Hex;
  readonly #keystore: string | null;
  readonly #external: ExternalSigner | null;
  #key: SigningKey | null;
  /** Public key of an external signer that passed its self-test. */
  #tested: Hex | null = null;
  #idle: NodeJS.Timeout | null = null;

  private constructor(
    choice: KeyChoice,
    address: Hex,
    keystore: string | null,
    key: SigningKey | null,
    external: ExternalSigner | null = null,
  ) {
    this.#external = external;
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
    const text = await readPrivateFile(choice.path);
    const external = parseExternal(text);
    if (external !== null) return new HeldKey(choice, external.address, null, null, external);
    return new HeldKey(choice, inspectKeystore(text).address as Hex, text, null);
  }

  get facts(): SignerFacts {
    return {
      address: this.#address,
      pubkey: (this.#tested ?? this.#key?.publicKey.toLowerCase() ?? '') as SignerFacts['pubkey'],
      locked: this.#key === null && this.#tested === null,
      external: this.#external !== null,
      throwAway: this.#choice.kind === 'throw-away',
    };
  }

  /** Asks for the passphrase on the terminal and opens the keystore; an external signer is tested before it is trusted. */
  async unlock(): Promise<void> {
    if (this.#external !== null) {
      if (this.#tested !== null) return;
      tellTerminal(`Testing the external signer for ${this.#address}; confirm on your device if it asks.`);
      const { command, timeout_s: seconds, address } = this.#external;
      this.#tested = (await testExternal(command, seconds, address)).pubkey;
      return;
    }
    if (this.#key !== null || this.#keystore === null) return;
    if (inspectKeystore(this.#keystore).weak)
      tellTerminal('Warning: this keystore is protected with a low key derivation cost.');
    const passphrase = await askSecret(`Passphrase for ${this.#address}: `);
    const key = new SigningKey(await openKeystore(this.#keystore, passphrase));
    selfTest(key);
    this.#key = key;
    this.#touch();
  }

  /**
   * Asks for the passphrase once more, before something critical is signed. An external signer asks its holder itself.
   * @throws KeystoreError when it is not the passphrase
   */
  async askAgain(): Promise<void> {
    if (this.#keystore === null) return;
    const passphrase = await askSecret(`Passphrase for ${this.#address} once more, the step is critical: `);
    try {
      await openKeystore(this.#keystore, passphrase);
    } catch (error) {
      if (!(error instanceof KeystoreError)) throw error;
      throw new KeystoreError('that is not the passphrase; nothing was signed');
    }
  }

  /**
   * Signs; the signature has the one spelling of the format: 65 bytes, low s, v 1b or 1c.
   * @param typed what the digest is of; null for what is no typed data, which an external signer never signs
   */
  async sign(digest: Hex, typed: TypedData | null): Promise<Hex> {
    if (this.#external !== null) {
      if (this.#tested === null)
        throw new ExternalSignerError('the external signer was not tested yet; unlock it first');
      if (typed === null)
        throw new ExternalSignerError('an external signer signs evidence only, no transaction');
      return signExternal(this.#external, typed);
    }
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
