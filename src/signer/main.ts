import { createInterface } from 'node:readline';
import { HeldKey } from './key.ts';
import { makeExternalFile, makeKeystoreFile } from './make.ts';
import type { KeyChoice, MakeExternal, MakeKey, Question, Reply } from './protocol.ts';
import { SignerService } from './service.ts';

/**
 * The signer process: holds one key, answers questions on standard input, and ends with it.
 * The first line says which key; a path, never a secret.
 */
async function run(): Promise<void> {
  const send = (reply: Reply): void => void process.stdout.write(`${JSON.stringify(reply)}\n`);
  let service: SignerService | null = null;
  let queue = Promise.resolve();
  // Ctrl-Z stops the console, which gives the terminal back first; a signer stopped alone would leave it waiting for ever.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGTSTP'] as const)
    process.on(signal, () => undefined);
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    queue = queue.then(async () => {
      const { id, ...ask } = JSON.parse(line) as
        | Question
        | (KeyChoice & { readonly id: number; readonly op: 'hold' });
      try {
        if ((ask as { op: string }).op === 'hold') {
          service = new SignerService(await HeldKey.hold(ask as unknown as KeyChoice));
          return send({ id, ok: true, value: await service.answer({ op: 'hello' }) });
        }
        if ((ask as { op: string }).op === 'make' && service === null) {
          const { path, imported } = ask as unknown as MakeKey;
          return send({ id, ok: true, value: await makeKeystoreFile(path, imported) });
        }
        if ((ask as { op: string }).op === 'make-external' && service === null) {
          const { path, command } = ask as unknown as MakeExternal;
          return send({ id, ok: true, value: await makeExternalFile(path, command) });
        }
        if (service === null) throw new Error('no key is held yet');
        send({ id, ok: true, value: await service.answer(ask as Question) });
      } catch (error) {
        // Messages of these errors are written for people and hold no secret; anything else stays here.
        send({ id, ok: false, message: error instanceof Error ? error.message : 'the signer failed' });
      }
    });
  });
  lines.on('close', () => process.exit(0));
}

await run();
