import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sameBytes } from '../../evidence/record/canonical.ts';
import {
  checkTrust,
  createTrust,
  findKey,
  keyProblem,
  nameOf,
  parseTrust,
  TrustError,
  type TrustStore,
  throwAwayTrust,
} from '../../evidence/trust/trust.ts';
import type { Actor, DocumentedEstate, Hex } from '../../model/index.ts';
import { type SignerClient, startSigner } from '../../signer/client.ts';
import { rememberTrust } from '../attested/trust-seen.ts';
import type { Prompt } from '../backend.ts';
import type { WorkerInput } from '../worker-client.ts';

/** Who signs cannot be settled; the message says what is missing and how to get it. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
}

export interface Trust {
  readonly store: TrustStore;
  readonly bytes: Uint8Array;
  readonly sha256: Hex;
}

/** Who signs in a run, and the trust store that says whose the key is. */
export interface Identity {
  locked(): Promise<boolean>;
  unlock(): Promise<void>;
  trust(): Promise<Trust>;
  actor(): Promise<Actor>;
  prepare(bytes: Uint8Array): Promise<Prompt>;
  sign(promptId: string, code: string): Promise<Hex>;
  cancel(promptId: string): Promise<void>;
  close(): Promise<void>;
}

/** The operator's key, in the signer process, and the trust store that says whose it is. */
export class RunIdentity implements Identity {
  readonly #estate: DocumentedEstate;
  readonly #input: WorkerInput;
  #signer: Promise<SignerClient> | null = null;
  #trust: Promise<Trust> | null = null;

  constructor(estate: DocumentedEstate, input: WorkerInput) {
    this.#estate = estate;
    this.#input = input;
  }

  async locked(): Promise<boolean> {
    return (await (await this.#client()).facts()).locked;
  }

  async unlock(): Promise<void> {
    await (await this.#client()).unlock();
  }

  /** The trust store in force, with the bytes that go into the session. */
  trust(): Promise<Trust> {
    this.#trust ??= this.#readTrust();
    this.#trust.catch(() => {
      this.#trust = null;
    });
    return this.#trust;
  }

  /** The performer, as the trust store that is on the disk now names the holder of the key. */
  async actor(): Promise<Actor> {
    const { address } = await (await this.#client()).facts();
    const { store } = await this.#trustNow();
    const key = findKey(store, address);
    if (key === null)
      throw new IdentityError(
        `the trust store ${this.#input.trustFile} does not know the key ${address}; add it with: c138 trust add`,
      );
    const problem = keyProblem(key, new Date().toISOString(), 'performer');
    if (problem !== null) throw new IdentityError(problem);
    return {
      person: key.person,
      name: nameOf(store, key.person) ?? key.person,
      address,
      role: 'performer',
      meaning: 'performed',
    };
  }

  /** A console lives for days: since the store was read it may have expired, or another been put in its place. */
  async #trustNow(): Promise<Trust> {
    const known = await this.trust();
    if (this.#input.demoDir !== null) return known;
    if (sameBytes(await this.#trustBytes(), known.bytes)) {
      this.#refuseExpired(known.store);
      return known;
    }
    this.#trust = null;
    return this.trust();
  }

  async prepare(bytes: Uint8Array): Promise<Prompt> {
    return (await this.#client()).prepare(bytes, this.#estate.id);
  }

  async sign(promptId: string, code: string): Promise<Hex> {
    return (await this.#client()).sign(promptId, code);
  }

  async cancel(promptId: string): Promise<void> {
    await (await this.#client()).cancel(promptId);
  }

  async close(): Promise<void> {
    await (await this.#signer?.catch(() => null))?.close();
  }

  #client(): Promise<SignerClient> {
    this.#signer ??= this.#start().then((client) => {
      // A key in a file can be opened anew by another process; a throw-away key is gone with its own.
      if (this.#input.demoDir === null) void client.ended.then(() => this.#forget());
      return client;
    });
    this.#signer.catch(() => this.#forget());
    return this.#signer;
  }

  #forget(): void {
    this.#signer = null;
  }

  async #start(): Promise<SignerClient> {
    if (this.#input.demoDir !== null) return startSigner({ kind: 'throw-away' });
    const { keysDir } = this.#input;
    const names = (await readdir(keysDir).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
    const [first] = names;
    if (first === undefined)
      throw new IdentityError(
        `there is no key in ${keysDir}, so nothing can be signed; make one with: c138 key new`,
      );
    if (names.length > 1)
      throw new IdentityError(
        `there are ${names.length} keys in ${keysDir}; keep the one to sign with there, and the others elsewhere`,
      );
    return startSigner({ kind: 'keystore', path: join(keysDir, first) });
  }

  async #readTrust(): Promise<Trust> {
    if (this.#input.demoDir !== null) return this.#demoTrust();
    const bytes = await this.#trustBytes();
    const store = await this.#usable(bytes);
    return { store, bytes, sha256: store.sha256 };
  }

  async #trustBytes(): Promise<Uint8Array> {
    try {
      return await readFile(this.#input.trustFile);
    } catch {
      throw new IdentityError(
        `there is no trust store ${this.#input.trustFile}; install that of the team: c138 trust update FILE --root ADDRESS (only who founds the team makes one: c138 trust init)`,
      );
    }
  }

  /**
   * Nobody signs under a trust store that a verifier would refuse afterwards.
   * @throws IdentityError
   */
  async #usable(bytes: Uint8Array): Promise<TrustStore> {
    let store: TrustStore;
    try {
      store = parseTrust(bytes);
      checkTrust(store);
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      throw this.#refusal(error.message);
    }
    const { estate } = store.body;
    if (estate !== this.#estate.id)
      throw this.#refusal(`it is for the estate ${estate}, not for ${this.#estate.id}`);
    this.#refuseExpired(store);
    const problem = await rememberTrust(this.#input.stateDir, store);
    if (problem !== null) throw this.#refusal(problem);
    return store;
  }

  #refuseExpired({ body: { expires } }: TrustStore): void {
    if (expires <= new Date().toISOString())
      throw this.#refusal(
        `it expired at ${expires}; its roots make the next version, with c138 trust valid for instance`,
      );
  }

  #refusal(why: string): IdentityError {
    return new IdentityError(`the trust store ${this.#input.trustFile}: ${why}`);
  }

  /**
   * The simulated estate's trust store: one throw-away key, which says so in its name. A new key is made at every start; those
   * of earlier starts stay known, so that a session that was broken off can be taken up and still verifies.
   */
  async #demoTrust(): Promise<Trust> {
    const signer = await this.#client();
    const { address, pubkey } = await signer.facts();
    if (pubkey === '') throw new IdentityError('the throw-away key is locked');
    const { trustFile } = this.#input;
    let previous: TrustStore | null = null;
    try {
      const known = parseTrust(await readFile(trustFile));
      if (known.body.estate === this.#estate.id && Date.parse(known.body.expires) > Date.now())
        previous = known;
    } catch {
      previous = null;
    }
    const body = throwAwayTrust({ address, pubkey }, this.#estate.id, new Date(), previous);
    const bytes = await createTrust(body, [(bodyBytes) => signer.signTrust(bodyBytes)]);
    await mkdir(dirname(trustFile), { recursive: true, mode: 0o700 });
    const temporary = `${trustFile}.new`;
    await writeFile(temporary, bytes, { mode: 0o600, flush: true });
    await rename(temporary, trustFile);
    const store = parseTrust(bytes);
    return { store, bytes, sha256: store.sha256 };
  }
}
