import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { makeClusterCa } from '../../src/demo/certificates.ts';
import type { DocumentedEstate, Endpoint } from '../../src/model/index.ts';
import { besuHead } from '../../src/probes/besu/besu.ts';
import { pveApi, pveInventory } from '../../src/probes/proxmox/proxmox.ts';
import { redact } from '../../src/probes/redact.ts';
import { httpRequest } from '../../src/probes/transports/http.ts';
import { readRpc } from '../../src/probes/transports/json-rpc.ts';
import { Loopback } from '../loopback.ts';
import { contextOf, endpoint, stored } from './context.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-http-'));
const loopback = new Loopback();
afterEach(() => loopback.close());
afterAll(() => rmSync(folder, { recursive: true }));

/** A server that writes exactly these bytes once something was asked, then does as told. */
const raw = (text: string, then: 'end' | 'destroy' | 'wait' = 'end'): Promise<number> =>
  loopback.listen(
    createServer((socket) => {
      socket.once('data', () => {
        socket.write(text, () => {
          if (then === 'end') socket.end();
          if (then === 'destroy') socket.destroy();
        });
      });
    }),
  );
const http = (status: string, body: string, type = 'application/json'): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;

async function classOf(port: number): Promise<string> {
  const one = endpoint({ url: `http://127.0.0.1:${port}`, kind: 'json-rpc', timeoutMs: 500 });
  const seen = await besuHead(contextOf([one]), one);
  if (seen.answer.class !== 'ok') expect(seen.level).toBe('none');
  return seen.answer.class;
}

describe('every way of not answering has its own name', () => {
  it.each([
    [
      'rpc error under status 200',
      http('200 OK', '{"jsonrpc":"2.0","id":1,"error":{"code":-32604,"message":"Method not enabled"}}'),
      'end',
      'rpc-error',
    ],
    ['an edge page', http('502 Bad Gateway', '<html>bad</html>', 'text/html'), 'end', 'edge-error'],
    [
      'an edge page with status 200',
      http('200 OK', '<!DOCTYPE html><p>hi', 'text/html'),
      'end',
      'edge-error',
    ],
    ['an empty body', http('200 OK', ''), 'end', 'empty'],
    ['status 201 without a body', http('201 Created', ''), 'end', 'empty'],
    ['no JSON', http('200 OK', 'hello'), 'end', 'not-json'],
    ['truncated JSON', http('200 OK', '{"jsonrpc":"2.0","id":1,"res'), 'end', 'not-json'],
    [
      'a refused Host name',
      http('403 Forbidden', '{"message":"Host not authorized."}'),
      'end',
      'host-refused',
    ],
    [
      'a missing token',
      http(
        '401 Unauthorized',
        '{"jsonrpc":"2.0","id":null,"error":{"code":-40100,"message":"Unauthorized"}}',
      ),
      'end',
      'auth',
    ],
    [
      'a time-out of the server',
      http(
        '408 Request Timeout',
        '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Timeout expired"}}',
      ),
      'end',
      'rpc-error',
    ],
    ['half an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":', 'destroy', 'half-answer'],
    ['a slow drip', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{', 'wait', 'slow-answer'],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'end', 'not-json'],
  ] as const)('%s', async (_name, text, then, expected) => {
    expect(await classOf(await raw(text, then))).toBe(expected);
  });

  it('silence, refusal, a connection closed at once', async () => {
    expect(await classOf(await loopback.listen(createServer(() => undefined)))).toBe('timeout');
    expect(await classOf(await loopback.gone())).toBe('refused');
    expect(await classOf(await loopback.listen(createServer((socket) => socket.destroy())))).toBe('reset');
  });

  it('an answer without end is cut', async () => {
    const port = await loopback.listen(
      createServer((socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n');
          const more = (): void => {
            while (!socket.destroyed && socket.write('x'.repeat(65_536)));
            if (!socket.destroyed) socket.once('drain', more);
          };
          more();
        });
      }),
    );
    const one = endpoint({ url: `http://127.0.0.1:${port}`, kind: 'json-rpc', timeoutMs: 20_000 });
    expect((await besuHead(contextOf([one]), one)).answer.class).toBe('too-large');
  });

  it('an abort ends it at once and leaves no connection open', async () => {
    const controller = new AbortController();
    const one = endpoint({
      url: `http://127.0.0.1:${await loopback.listen(createServer(() => controller.abort()))}`,
      kind: 'json-rpc',
      timeoutMs: 60_000,
    });
    expect((await besuHead(contextOf([one], {}, controller.signal), one)).answer.class).toBe('aborted');
    await expect.poll(() => loopback.connections).toBe(0);
  });
});

describe('JSON-RPC answers', () => {
  const answer = (status: number, body: string) =>
    readRpc({
      class: 'ok',
      status,
      reason: '',
      contentType: 'application/json',
      date: '',
      body: Buffer.from(body),
      detail: '',
    });

  it('makes error texts harmless', () => {
    const { detail } = answer(
      200,
      JSON.stringify({ id: 1, error: { code: -1, message: '\u001b[31mred\u202e' } }),
    );
    expect(detail).toBe('\\u{1b}[31mred\\u{202e}');
  });

  it('tells a null result from a missing one', () => {
    expect(answer(200, '{"id":1,"result":null}').class).toBe('ok-null');
    expect(answer(200, '{"id":1}').class).toBe('not-json');
    expect(answer(200, '[]').class).toBe('not-json');
  });
});

describe('TLS and tokens', async () => {
  const ca = await makeClusterCa();
  const good = await ca.issue(['localhost', '127.0.0.1']);
  const foreign = await (await makeClusterCa()).issue(['localhost']);
  const caFile = join(folder, 'ca.pem');
  const tokenFile = join(folder, 'token');
  writeFileSync(caFile, ca.pem);
  writeFileSync(tokenFile, 'user@pve!t=secret-uuid\n', { mode: 0o600 });
  const seen: string[] = [];
  const serve = (certificate: { cert: string; key: string }, body: unknown, status = 200): Promise<number> =>
    loopback.listen(
      createHttps(certificate, (request, response) => {
        seen.push(String(request.headers.authorization));
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      }),
    );
  const api = (port: number, tls: { caFile?: string; pinSha256?: string }) =>
    endpoint({
      url: `https://localhost:${port}`,
      kind: 'proxmox-api',
      subject: 'host:n',
      tls,
      token: { file: tokenFile },
    });
  const guestsOf = async (one: Endpoint, estate: Partial<DocumentedEstate> = {}) => {
    const { observations } = await pveInventory(contextOf([], estate), one);
    return observations.filter((seen) => seen.probe === 'pve-guest');
  };
  const pinOf = (pem: string): string =>
    new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();

  it('verifies with the CA of the cluster and refuses a foreign certificate before a byte of the token leaves', async () => {
    const port = await serve(good, { data: { version: '9' } });
    expect((await pveApi(contextOf([]), api(port, { caFile }))).answer).toMatchObject({
      class: 'ok',
      facts: { version: '9' },
    });
    seen.length = 0;
    expect((await pveApi(contextOf([]), api(await serve(foreign, {}), { caFile }))).answer.class).toBe('tls');
    expect((await pveApi(contextOf([]), api(port, {}))).answer.class).toBe('tls');
    expect(seen).toEqual([]);
  });

  it('holds to a pin: the right one needs no CA, a wrong one sends nothing', async () => {
    const port = await serve(good, { data: { version: '9' } });
    expect((await pveApi(contextOf([]), api(port, { pinSha256: pinOf(good.cert) }))).answer.class).toBe('ok');
    seen.length = 0;
    const wrong = await pveApi(contextOf([]), api(port, { pinSha256: pinOf(foreign.cert) }));
    expect(wrong.answer).toMatchObject({
      class: 'tls-pin',
      detail: expect.stringContaining('not the pinned one'),
    });
    expect(seen).toEqual([]);
  });

  it('never stores or shows the token, even when the server sends it back', async () => {
    const port = await serve(good, { data: { version: '9' }, echo: 'user@pve!t=secret-uuid' });
    const observation = await pveApi(contextOf([]), api(port, { caFile }));
    expect(JSON.stringify(observation)).not.toContain('secret-uuid');
    expect(stored.get(observation.raw?.sha256 ?? '')).toContain('[redacted]');
    expect(observation.raw?.redactions).toEqual([{ rule: 'request-secret', count: 1 }]);
  });

  it('refuses a token file that others can read, and says how to mend it', async () => {
    const open = join(folder, 'open-token');
    writeFileSync(open, 'x=y\n');
    chmodSync(open, 0o644);
    const { answer } = await pveApi(contextOf([]), { ...api(1, {}), token: { file: open } });
    expect(answer).toMatchObject({ class: 'auth', detail: expect.stringContaining('chmod 600') });
  });

  it('takes the words of an older Proxmox from the status line', async () => {
    const port = await loopback.listen(
      createHttps(good, (_request, response) => {
        response.writeHead(403, 'Permission check failed (/, Sys.Audit)', {
          'content-type': 'application/json',
        });
        response.end('{"data":null}');
      }),
    );
    expect((await pveApi(contextOf([]), api(port, { caFile }))).answer).toMatchObject({
      class: 'not-allowed',
      code: 403,
      detail: 'Permission check failed (/, Sys.Audit)',
    });
  });

  it('takes an empty list for want of rights as not allowed, never as no guests', async () => {
    const estate = { subjects: [{ ...(await import('../model/make.ts')).subject() }] };
    const port = await serve(good, { data: [] });
    const [first] = await guestsOf(api(port, { caFile }), estate);
    expect(first?.answer.class).toBe('not-allowed');
  });

  it('coerces what differs between Proxmox versions, and keeps going', async () => {
    const rows = [
      { type: 'lxc', vmid: '1000', status: 'running', node: 'n', name: 'made-up', unknown_field: {} },
      { type: 'qemu', vmid: 1001, status: 'paused', node: 'n' },
      { type: 'lxc', vmid: 'none' },
      { type: 'node', node: 'n' },
      null,
    ];
    const seenGuests = await guestsOf(api(await serve(good, { data: rows }), { caFile }));
    expect(seenGuests.map((one) => [one.subject, one.answer.facts.run])).toEqual([
      ['vmid:1000', 'running'],
      ['vmid:1001', 'unknown'],
    ]);
  });
});

describe('redaction', () => {
  it('replaces what looks like a secret and counts it, byte for byte elsewhere', () => {
    const { bytes, redactions } = redact(Buffer.from('é {"password": "x", "a": 1} Bearer abcdefghijk'), [
      'zz',
    ]);
    expect(Buffer.from(bytes).toString('utf8')).toBe('é {"password": "[redacted]", "a": 1} [redacted]');
    expect(redactions).toEqual([
      { rule: 'bearer', count: 1 },
      { rule: 'password-field', count: 1 },
    ]);
  });
});

describe('httpRequest', () => {
  it('follows no redirect', async () => {
    const port = await raw(
      'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n',
    );
    const answer = await httpRequest({
      base: `http://127.0.0.1:${port}`,
      path: '/api/health',
      timeoutMs: 500,
      signal: new AbortController().signal,
    });
    expect(answer).toMatchObject({ class: 'ok', status: 302 });
  });
});
