import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WatchResult, type WsHead, watchHeads } from '../../src/probes/transports/ws.ts';
import { Loopback } from '../loopback.ts';

const loopback = new Loopback();
afterEach(() => loopback.close());

/** An unmasked text or close frame, shorter than 64 KiB (RFC 6455 section 5.2). */
function frame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([head, payload]);
}

/** The frames of a client, which are masked. */
function frames(data: Buffer): { opcode: number; payload: Buffer }[] {
  const out: { opcode: number; payload: Buffer }[] = [];
  for (let at = 0; at + 6 <= data.length; ) {
    const short = (data[at + 1] ?? 0) & 127;
    const start = short === 126 ? at + 4 : at + 2;
    const length = short === 126 ? data.readUInt16BE(at + 2) : short;
    const mask = data.subarray(start, start + 4);
    const payload = Buffer.from(
      data.subarray(start + 4, start + 4 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)),
    );
    out.push({ opcode: (data[at] ?? 0) & 15, payload });
    at = start + 4 + length;
  }
  return out;
}

interface Peer {
  readonly url: string;
  /** Opcodes and texts that the client sent. */
  readonly got: string[];
}

/** A node that pushes a head each few milliseconds; `mode` says how it misbehaves. */
async function node(
  mode: 'good' | 'refuses' | 'silent' | 'never-closes' | 'cuts' | 'nonsense',
): Promise<Peer> {
  const got: string[] = [];
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket: Socket) => {
    const key = createHash('sha1').update(
      `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
    );
    const say = (value: unknown): void => {
      if (!socket.destroyed)
        socket.write(frame(1, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))));
    };
    let timer: NodeJS.Timeout | undefined;
    socket.on('close', () => clearInterval(timer));
    socket.on('data', (data: Buffer) => {
      for (const { opcode, payload } of frames(data)) {
        got.push(opcode === 8 ? `close ${payload.readUInt16BE(0)}` : payload.toString());
        if (opcode === 8) {
          clearInterval(timer);
          if (mode !== 'never-closes') socket.end(frame(8, payload.subarray(0, 2)));
          continue;
        }
        if (mode === 'silent') continue;
        if (mode === 'refuses')
          say({ jsonrpc: '2.0', id: 1, error: { code: -32604, message: 'Method not enabled' } });
        else if (mode === 'nonsense') say('not json');
        else {
          say({ jsonrpc: '2.0', id: 1, result: '0x1' });
          let number = 7;
          timer = setInterval(() => {
            if (mode === 'cuts' && number > 8) return socket.destroy();
            const result = {
              number: `0x${number.toString(16)}`,
              timestamp: `0x${Math.floor(Date.now() / 1000).toString(16)}`,
            };
            number += 1;
            say({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription: '0x1', result } });
          }, 5);
        }
      }
    });
  });
  return { url: `ws://127.0.0.1:${await loopback.listen(server)}`, got };
}

async function watch(
  url: string,
  signal = new AbortController().signal,
): Promise<{ readonly result: WatchResult; readonly heads: readonly WsHead[] }> {
  const heads: WsHead[] = [];
  const result = await watchHeads({
    url,
    heads: 3,
    timeoutMs: 500,
    signal,
    onHead: (head) => heads.push(head),
  });
  return { result, heads };
}

describe('heads over a WebSocket, on request', () => {
  it('come, and the connection ends with a close frame from both sides', async () => {
    const peer = await node('good');
    const { result, heads } = await watch(peer.url);
    expect(result).toEqual({ class: 'ok', detail: '3 heads', heads: 3, closedCleanly: true });
    expect(heads.map((one) => one.number)).toEqual(['7', '8', '9']);
    expect(peer.got).toEqual([
      '{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}',
      'close 1000',
    ]);
    await expect.poll(() => loopback.connections).toBe(0);
  });

  it('a refusal, nonsense and silence are told apart, and each is closed with a frame', async () => {
    for (const [mode, cls] of [
      ['refuses', 'rpc-error'],
      ['nonsense', 'not-json'],
      ['silent', 'timeout'],
    ] as const) {
      const peer = await node(mode);
      const { result } = await watch(peer.url);
      expect([result.class, result.closedCleanly]).toEqual([cls, true]);
      expect(peer.got.at(-1)).toBe('close 1000');
    }
    await expect.poll(() => loopback.connections).toBe(0);
  });

  it('an abort closes with a frame too', async () => {
    const peer = await node('good');
    const abort = new AbortController();
    const heads: WsHead[] = [];
    const result = await watchHeads({
      url: peer.url,
      heads: 1_000,
      timeoutMs: 10_000,
      signal: abort.signal,
      onHead: (head) => {
        heads.push(head);
        abort.abort();
      },
    });
    expect(result).toMatchObject({ class: 'aborted', closedCleanly: true, heads: 1 });
    expect(peer.got.at(-1)).toBe('close 1000');
    await expect.poll(() => loopback.connections).toBe(0);
  });

  it('a cut connection is no clean end, and nobody there is refused', async () => {
    const { result } = await watch((await node('cuts')).url);
    expect(result).toMatchObject({ class: 'half-answer', heads: 2, closedCleanly: false });
    const closed = await watch('ws://127.0.0.1:9');
    expect(closed.result).toMatchObject({ class: 'refused', heads: 0 });
  });

  it('does not wait for ever for the close frame of the other side', async () => {
    const { result } = await watch((await node('never-closes')).url);
    expect(result).toMatchObject({ class: 'ok', heads: 3, closedCleanly: false });
  });
});
