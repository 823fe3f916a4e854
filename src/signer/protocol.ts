import type { WitnessStatement } from '../evidence/record/typed-data.ts';

/**
 * The conversation with the signer process: one JSON object a line over its standard input and output.
 * No message carries a key or a passphrase, in either direction.
 */

/** Which key the signer is to hold. */
export type KeyChoice =
  | { readonly kind: 'throw-away' }
  | { readonly kind: 'keystore'; readonly path: string };

/** Asks a signer that holds nothing yet to make a keystore at `path`, from a fresh key or one typed on the terminal. */
export interface MakeKey {
  readonly op: 'make';
  readonly path: string;
  readonly imported: boolean;
}

/** Asks a signer that holds nothing yet to test a program that signs, and to write its description to `path`. */
export interface MakeExternal {
  readonly op: 'make-external';
  readonly path: string;
  readonly command: readonly string[];
}

export interface SignerFacts {
  readonly address: `0x${string}`;
  /** Uncompressed public key; empty while the keystore is locked. */
  readonly pubkey: `0x${string}` | '';
  readonly locked: boolean;
  readonly throwAway: boolean;
  /** Another program signs, a hardware wallet behind it perhaps. */
  readonly external: boolean;
}

export interface SignerPrompt {
  /** The signer shows these lines on the terminal itself and asks for the code there: nobody else may be drawing on it then. */
  readonly onTerminal: boolean;
  readonly promptId: string;
  readonly code: string;
  readonly lines: readonly string[];
  readonly digest: string;
}

/** What an operator sends to the chain by anchoring a seal. */
export interface AnchorAsk {
  readonly session: string;
  readonly sealSha256: string;
  readonly nonce: number;
  /** Wei for each unit of gas, in decimal. */
  readonly gasPrice: string;
}

export type Ask =
  | { readonly op: 'hello' }
  | { readonly op: 'unlock' }
  /** `body` in base64: the exact bytes of a record body. */
  | { readonly op: 'prepare'; readonly body: string; readonly estateId: string }
  | { readonly op: 'sign'; readonly promptId: string; readonly code: string }
  | { readonly op: 'cancel'; readonly promptId: string }
  /** `body` in base64: the exact bytes of a trust store's body. A key that is no throw-away asks for the code on the terminal. */
  | { readonly op: 'sign-trust'; readonly body: string }
  /** `line` in base64: a whole journal line of somebody else's, with its LF. Asks for the code on the terminal, always. */
  | {
      readonly op: 'sign-witness';
      readonly line: string;
      readonly estateId: string;
      readonly statement: WitnessStatement;
    }
  /** The one transaction that c138 sends. Asks for the code on the terminal, always. */
  | { readonly op: 'sign-anchor'; readonly anchor: AnchorAsk };

export type Question = Ask & { readonly id: number };
export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };
