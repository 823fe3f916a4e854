import { createServer as createHttp } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { curveKeyPair, Reply } from 'zeromq';
import { observeEndpoint } from '../../src/probes/index.ts';
import { contextOf, endpoint } from './context.ts';

/** libzmq itself, the library that Indy nodes are built on, against our reading of its greeting. */
const sockets: Reply[] = [];
const servers: Server[] = [];
const open = new Set<Socket>();
afterEach(async () => {
  for (const one of sockets.splice(0)) one.close();
  for (const one of open) one.destroy();
  open.clear();
  await Promise.all(servers.splice(0).map((one) => new Promise((done) => one.close(done))));
});

async function libzmq(curve: boolean): Promise<string> {
  const socket = new Reply();
  sockets.push(socket);
  if (curve) {
    const { publicKey, secretKey } = curveKeyPair();
    socket.curveServer = true;
    socket.curvePublicKey = publicKey;
    socket.curveSecretKey = secretKey;
  }
  await socket.bind('tcp://127.0.0.1:0');
  return socket.lastEndpoint ?? '';
}

function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket: Socket) => open.add(socket));
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      done(`tcp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
    });
  });
}

async function verdict(url: string): Promise<string> {
  const subject = endpoint({ kind: 'indy', url, timeoutMs: 1_500 });
  const [seen] = await observeEndpoint(contextOf([subject]), subject);
  if (seen === undefined) throw new Error('nothing was observed');
  const { class: kind, checks } = seen.answer;
  return [kind, ...checks.map((check) => `${check.id} ${check.result}`)].join(' ');
}

describe('who is behind an Indy port', () => {
  it('a CURVE listener, a NULL one, a silent one, HTTP and nothing: five verdicts', async () => {
    const nothing = createServer();
    const gone = await listen(nothing);
    await new Promise((done) => servers.pop()?.close(done));
    const verdicts = [
      await verdict(await libzmq(true)),
      await verdict(await libzmq(false)),
      await verdict(await listen(createServer())),
      await verdict(await listen(createHttp((_request, response) => response.end('hello')))),
      await verdict(gone),
    ];
    expect(new Set(verdicts).size, verdicts.join('\n')).toBe(5);
    expect(verdicts[0]).toBe('ok indy-zmtp pass');
    expect(verdicts[1]).toBe('ok indy-half-greeting warn');
    expect(verdicts[2]).toBe('ok indy-silent warn');
    expect(verdicts[3]).toBe('ok indy-http warn');
    expect(verdicts[4]).toBe('refused');
  });
});
