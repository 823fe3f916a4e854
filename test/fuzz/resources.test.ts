import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEstateFile } from '../../src/estate/index.ts';
import { inspectKeystore } from '../../src/evidence/keystore.ts';
import { parseCanonical } from '../../src/evidence/record/canonical.ts';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import { observeEndpoint } from '../../src/probes/index.ts';
import { localRunner } from '../../src/probes/transports/local.ts';
import { compileRunbook } from '../../src/runbooks/index.ts';
import { printCount } from '../counted.ts';
import { sealedSession } from '../evidence/make.ts';
import { contextOf, endpoint } from '../probes/context.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-limits-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Memory that a piece of work takes at most, in MiB, above what there was. */
async function grownBy(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  await work();
  clearInterval(timer);
  return Math.round((Math.max(most, process.memoryUsage().rss) - before) / 2 ** 20);
}

const MOST_MIB = 256;

describe('F2: what is too deep or too long is refused within bounds', () => {
  test('nesting of 100,000', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    for (const text of [deep, objects]) {
      expect(() => parseCanonical(Buffer.from(text))).toThrow(/nested|deep/);
      expect(() => inspectKeystore(text)).toThrow();
      expect(() => parseEstateFile(text, 'x.yaml')).toThrow(
        expect.objectContaining({ name: 'EstateFileError' }),
      );
      expect(() => compileRunbook(text, 'x.yaml', null)).toThrow(
        expect.objectContaining({ name: 'RunbookError' }),
      );
    }
  });

  test('a YAML file of aliases that would be billions of items', () => {
    const levels = Array.from({ length: 12 }, (_, at) =>
      at === 0
        ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]'
        : `a${at}: &a${at} [${Array(9)
            .fill(`*a${at - 1}`)
            .join(',')}]`,
    );
    const text = levels.join('\n');
    expect(() => parseEstateFile(text, 'x.yaml')).toThrow(
      expect.objectContaining({ name: 'EstateFileError' }),
    );
    expect(() => compileRunbook(text, 'x.yaml', null)).toThrow(
      expect.objectContaining({ name: 'RunbookError' }),
    );
  });

  test('a journal line of 1 GiB, and one of half that', async () => {
    const made = await sealedSession();
    const journal = join(made.dir, 'journal.jsonl');
    for (const [size, exit] of [
      [2 ** 30, 50],
      [500 * 2 ** 20, 40],
    ] as const) {
      truncateSync(journal, 0);
      truncateSync(journal, size - 1);
      const file = openSync(journal, 'r+');
      writeSync(file, 'x'.repeat(100_000), 0);
      writeSync(file, '\n', size - 1);
      closeSync(file);
      let found = 0;
      const grown = await grownBy(async () => {
        found = (await verifySession(made.dir, { trust: made.trust })).exitCode;
      });
      console.log(`F2: a line of ${Math.round(size / 2 ** 20)} MiB: exit ${found}, ${grown} MiB of memory`);
      expect(found).toBe(exit);
      expect(grown).toBeLessThan(MOST_MIB);
    }
    made.clean();
  }, 120_000);

  test('a probe whose answer would be 1 GiB', async () => {
    const chunk = Buffer.alloc(2 ** 20, '[');
    let sent = 0;
    const server = createHttp((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 ** 30 });
      const more = (): void => {
        while (sent < 2 ** 30 && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const at = endpoint({ url, kind: 'json-rpc', timeoutMs: 20_000 });
    let classes: readonly string[] = [];
    const grown = await grownBy(async () => {
      classes = (await observeEndpoint(contextOf([at]), at)).map((one) => one.answer.class);
    });
    server.closeAllConnections();
    server.close();
    console.log(`F2: an answer of 1 GiB: ${[...new Set(classes)].join(', ')}, ${grown} MiB of memory`);
    expect(new Set(classes)).toEqual(new Set(['too-large']));
    expect(grown).toBeLessThan(MOST_MIB);
  }, 120_000);
});

describe('F3: absurd costs are refused before any derivation starts', () => {
  printCount('F3', 'keystores');
  test.each([
    ['scrypt', { n: 2 ** 30, r: 8, p: 1, dklen: 32, salt: '00'.repeat(32) }],
    ['scrypt', { n: 2 ** 18, r: 8, p: 2 ** 20, dklen: 32, salt: '00'.repeat(32) }],
    ['scrypt', { n: 2 ** 18, r: 2 ** 20, p: 1, dklen: 32, salt: '00'.repeat(32) }],
    ['pbkdf2', { c: 2 ** 31, prf: 'hmac-sha256', dklen: 32, salt: '00'.repeat(32) }],
  ])('%s %j', (kdf, kdfparams) => {
    const keystore = {
      version: 3,
      address: '00'.repeat(20),
      crypto: {
        cipher: 'aes-128-ctr',
        cipherparams: { iv: '00'.repeat(16) },
        ciphertext: '00'.repeat(32),
        kdf,
        kdfparams,
        mac: '00'.repeat(32),
      },
    };
    expect(() => inspectKeystore(JSON.stringify(keystore))).toThrow(/asks for/);
  });
});

/** A program in the place of pvesh. */
function program(text: string): string {
  const place = mkdtempSync(join(folder, 'bin-'));
  const path = join(place, 'pvesh');
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return place;
}
const ARGV = ['pvesh', 'get', '/version', '--output-format', 'json'];

describe('F4: probes whose output never ends, or comes drop by drop, or who ignore that they are to end', () => {
  printCount('F4', 'hostile outputs');
  test.each([
    ['endless output', '#!/bin/sh\nexec yes x\n', 'too-large'],
    ['endless binary output', '#!/bin/sh\nexec cat /dev/urandom\n', 'too-large'],
    ['endless errors', '#!/bin/sh\nyes x >&2\n', 'timeout'],
    ['drop by drop', '#!/bin/sh\nwhile :; do printf x; sleep 0.1; done\n', 'timeout'],
    ['ignoring SIGTERM', '#!/bin/sh\ntrap "" TERM INT HUP\nwhile :; do sleep 1; done\n', 'timeout'],
    ['a child that outlives it', '#!/bin/sh\nsleep 300 &\nexit 0\n', 'timeout'],
  ])(
    'a command: %s',
    async (_what, text, cls) => {
      let found = '';
      const grown = await grownBy(async () => {
        const runner = localRunner(program(text));
        // Endless output ends the question by itself, however slow the machine; only silence needs its end.
        const timeoutMs = cls === 'too-large' ? 60_000 : 1_000;
        found = (await runner.run(ARGV, timeoutMs, new AbortController().signal)).class;
      });
      expect(found).toBe(cls);
      expect(grown).toBeLessThan(MOST_MIB);
    },
    120_000,
  );

  test.each([
    ['endless headers', (write: (text: string) => void) => write('HTTP/1.1 200 OK\r\n'), 'x-pad: y\r\n'],
    [
      'a body drop by drop',
      (write: (text: string) => void) =>
        write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n'),
      ' ',
    ],
    ['binary where a status line should be', () => undefined, '\u0000\u00ff\u0001'],
  ] as const)('a server: %s', async (_what, begin, drop) => {
    const sockets = new Set<{ destroy(): unknown }>();
    const server = createTcp((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        begin((text) => socket.write(text));
        const timer = setInterval(() => socket.write(drop), 5);
        socket.on('close', () => clearInterval(timer));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const at = endpoint({ url, kind: 'firefly', timeoutMs: 700 });
    const seen = await observeEndpoint(contextOf([at]), at);
    for (const socket of sockets) socket.destroy();
    server.close();
    expect(seen.length).toBeGreaterThan(0);
    for (const one of seen) {
      expect(one.answer.class).not.toBe('ok');
      expect(one.level).toBe('none');
    }
  });
});
