import { randomUUID } from 'node:crypto';
import { anchorTransaction } from '../evidence/record/anchor-tx.ts';
import { codeMatches, codeOf, groupedCode } from '../evidence/record/code.ts';
import { lineHash, parseLine } from '../evidence/record/line.ts';
import { parseBody } from '../evidence/record/record.ts';
import {
  digestOfTyped,
  type TypedData,
  trustTypedData,
  typedDataOf,
  type WitnessStatement,
  walletHashes,
  witnessTypedData,
} from '../evidence/record/typed-data.ts';
import { parseTrustBody } from '../evidence/trust/trust.ts';
import type { Hex } from '../model/json.ts';
import type { RecordBody } from '../model/record.ts';
import { sanitiseLine } from '../model/sanitise.ts';
import type { HeldKey } from './key.ts';
import { anchorLines, recordLines, trustLines } from './plain-lines.ts';
import type { AnchorAsk, Ask, SignerPrompt } from './protocol.ts';
import { askLine, tellTerminal, withoutEcho } from './terminal.ts';

/** Minutes after which a prompt that nobody answered is void. */
const PROMPT_MS = 5 * 60_000;

interface Waiting {
  /** Set when the code is asked for on the terminal, past every other process. */
  readonly onTerminal: readonly string[] | null;
  readonly digest: Hex;
  readonly typed: TypedData;
  readonly code: string;
  readonly until: number;
}

/** Something that this signer refuses to do; the message is for the operator. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** What the signer does for each question. It reads the exact bytes itself and believes nothing it is told about them. */
export class SignerService {
  readonly #key: HeldKey;
  readonly #waiting = new Map<string, Waiting>();

  constructor(key: HeldKey) {
    this.#key = key;
  }

  async answer(ask: Ask): Promise<unknown> {
    switch (ask.op) {
      case 'hello':
        return this.#key.facts;
      case 'unlock':
        await this.#key.unlock();
        return this.#key.facts;
      case 'prepare':
        return this.#prepare(Buffer.from(ask.body, 'base64'), ask.estateId);
      case 'sign':
        return this.#sign(ask.promptId, ask.code);
      case 'cancel':
        this.#waiting.delete(ask.promptId);
        return null;
      case 'sign-trust':
        return this.#signTrust(Buffer.from(ask.body, 'base64'));
      case 'sign-witness':
        return this.#signWitness(Buffer.from(ask.line, 'base64'), ask.statement, ask.estateId);
      case 'sign-anchor':
        return this.#signAnchor(ask.anchor);
    }
  }

  #prepare(bytes: Uint8Array, estateId: string): SignerPrompt {
    const body = parseBody(bytes);
    if (body.actor === null)
      throw new RefusedError(`this record of kind "${body.kind}" is the machine's; nobody signs it`);
    if (body.actor.address !== this.#key.facts.address)
      throw new RefusedError('the record names another key than the one held here');
    if (body.kind === 'open' && body.open.estate_id !== estateId)
      throw new RefusedError('the record names another estate');
    if (this.#key.facts.throwAway && !estateId.startsWith('demo:'))
      throw new RefusedError('a throw-away key is for the simulated estate only');
    if (this.#key.facts.locked) throw new RefusedError('the key is locked; unlock it first');
    const typed = typedDataOf(body, bytes, estateId);
    const digest = digestOfTyped(typed);
    const code = codeOf(digest);
    // One prompt at a time: what is on the screen is what would be signed.
    this.#waiting.clear();
    const promptId = randomUUID();
    const shown = (extent: 'whole' | 'short') =>
      recordLines(body, estateId, digest, walletHashes(typed), extent);
    const onTerminal = isCritical(body) && !this.#key.facts.throwAway;
    const until = Date.now() + PROMPT_MS;
    const lines = shown('short');
    this.#waiting.set(promptId, {
      digest,
      typed,
      code,
      until,
      onTerminal: onTerminal ? shown('whole') : null,
    });
    return { promptId, code, digest, lines, onTerminal };
  }

  async #sign(promptId: string, typed: string): Promise<Hex> {
    const waiting = this.#waiting.get(promptId);
    if (waiting === undefined) throw new RefusedError('nothing waits to be signed under this prompt');
    if (Date.now() > waiting.until) {
      this.#waiting.delete(promptId);
      throw new RefusedError('the prompt is older than five minutes; begin again');
    }
    if (waiting.onTerminal === null) this.#accept(promptId, waiting, typed);
    else
      await withoutEcho(async () => {
        this.#accept(promptId, waiting, await this.#codeTyped(waiting));
        // A key that was unlocked for ordinary steps is no word of its holder on a critical one.
        await this.#key.askAgain();
      });
    return this.#key.sign(waiting.digest, waiting.typed);
  }

  #accept(promptId: string, waiting: Waiting, code: string): void {
    if (!codeMatches(code, waiting.code)) throw new RefusedError('that is not the code; nothing was signed');
    this.#waiting.delete(promptId);
  }

  /** The code of a critical step, typed here under lines that nobody else drew. */
  #codeTyped(waiting: Waiting): Promise<string> {
    tellTerminal('You are about to sign a critical step:');
    for (const line of waiting.onTerminal ?? []) tellTerminal(`  ${line}`);
    return askLine(`Type ${waiting.code} to sign: `);
  }

  /** A throw-away key signs the simulated estate's store; any other asks its holder on the terminal, past every other process. */
  async #signTrust(bytes: Uint8Array): Promise<{ readonly address: Hex; readonly sig: Hex }> {
    const { address, throwAway } = this.#key.facts;
    // Only the one spelling: what is shown from the parsed content is then all that the bytes can mean.
    const body = parseTrustBody(bytes);
    if (throwAway && !/^demo:/.test(body.estate))
      throw new RefusedError('a throw-away key is for the simulated estate only');
    const typed = trustTypedData(body, bytes);
    const digest = digestOfTyped(typed);
    if (!throwAway) {
      for (const line of trustLines(body, digest)) tellTerminal(line);
      const code = codeOf(digest);
      if (!codeMatches(await askLine(`Type ${code} to sign: `), code))
        throw new RefusedError('that is not the code; nothing was signed');
    }
    return { address, sig: await this.#key.sign(digest, typed) };
  }

  /** Signs a finished line of somebody else's. The terminal shows it as this process reads it, and the code is typed there. */
  async #signWitness(
    line: Uint8Array,
    statement: WitnessStatement,
    estateId: string,
  ): Promise<{ readonly address: Hex; readonly sig: Hex }> {
    const { address, throwAway } = this.#key.facts;
    if (throwAway) throw new RefusedError('a throw-away key is nobody, so it can not be a witness');
    const { bodyBytes } = parseLine(line);
    const body = parseBody(bodyBytes);
    // Who takes a run back accepts it over the line with which it was given away: their own.
    const own = body.actor?.address === address || body.actor?.person === statement.person;
    if (own && statement.meaning !== 'accepted')
      throw new RefusedError('nobody can witness their own record; another person must sign');
    const ref = { seq: body.seq, line_sha256: lineHash(line) };
    const typed = witnessTypedData(body.session, ref, statement, estateId);
    const digest = digestOfTyped(typed);
    tellTerminal(
      statement.meaning === 'accepted'
        ? `You are about to take over this run, as ${sanitiseLine(statement.person, 80)}, as it stands after:`
        : `You are about to sign, as ${sanitiseLine(statement.person, 80)}, that you ${statement.meaning}:`,
    );
    for (const text of recordLines(body, estateId, digest, walletHashes(typed), 'whole'))
      tellTerminal(`  ${text}`);
    // An event that begins a line of its own, as an outage does, belongs to no session: nobody else sees it.
    if (!(body.kind === 'event' && body.seq === 0))
      tellTerminal(`  compare aloud with the other side: ${groupedCode(ref.line_sha256)}`);
    const code = codeOf(digest);
    if (!codeMatches(await askLine(`Type ${code} to sign: `), code))
      throw new RefusedError('that is not the code; nothing was signed');
    return { address, sig: await this.#key.sign(digest, typed) };
  }

  /** Builds the transaction itself, so that nothing but an anchor of this digest can be signed here. */
  async #signAnchor(anchor: AnchorAsk): Promise<string> {
    const { address, throwAway } = this.#key.facts;
    if (throwAway) throw new RefusedError('a throw-away key sends nothing to a chain');
    const { nonce, gasPrice, sealSha256 } = anchor;
    if (!/^0x[0-9a-f]{64}$/.test(sealSha256) || !/^(0|[1-9]\d{0,29})$/.test(gasPrice) || !(nonce >= 0))
      throw new RefusedError('what is asked for is no anchor');
    const tx = anchorTransaction({ from: address, nonce, gasPrice, sealSha256: sealSha256 as Hex });
    const digest = tx.unsignedHash as Hex;
    tellTerminal(`You are about to sign a transaction on chain ${tx.chainId}:`);
    for (const line of anchorLines(anchor, address, digest)) tellTerminal(`  ${line}`);
    const code = codeOf(digest);
    if (!codeMatches(await askLine(`Type ${code} to sign: `), code))
      throw new RefusedError('that is not the code; nothing was signed');
    tx.signature = await this.#key.sign(digest, null);
    return tx.serialized;
  }
}

/** Answers to critical steps are confirmed once more, past the console. */
function isCritical(body: RecordBody): boolean {
  return (body.kind === 'confirm' || body.kind === 'correction') && body.step.critical;
}
