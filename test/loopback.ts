import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Servers of one test file, on ports of the loopback interface that the kernel chooses. */
export class Loopback {
  readonly #servers = new Set<Server>();
  readonly #sockets = new Set<Socket>();

  /** How many connections stand. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Gives the port. */
  async listen(server: Server): Promise<number> {
    this.#servers.add(server);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return (server.address() as AddressInfo).port;
  }

  /** A port on which nobody listens any more. */
  async gone(): Promise<number> {
    const server = createServer();
    const port = await this.listen(server);
    this.#servers.delete(server);
    await new Promise((done) => server.close(done));
    return port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([...this.#servers].map((one) => new Promise((done) => one.close(done))));
    this.#servers.clear();
  }
}
