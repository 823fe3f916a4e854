import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClusterCa } from './certificates.ts';
import { Consensus, makeValidators } from './consensus.ts';
import {
  apiGroupsOf,
  FABRIC,
  HOSTS,
  type HostName,
  INDY,
  type SimGuest,
  simGuests,
  VALIDATORS,
} from './estate-data.ts';
import { answerBesu, type BesuNode, type NodeBehaviour } from './json-rpc.ts';
import { answerProxmox } from './proxmox-api.ts';
import { findScenario, SCENARIOS, type Scenario } from './scenarios.ts';
import { answerBlockscout, answerFabricPeer, answerFirefly } from './services.ts';
import { makeSshKey, makeSshServer } from './ssh-server.ts';
import { Transactions } from './transactions.ts';
import { writeEstate } from './write-estate.ts';

export interface DemoOptions {
  /** A name from SCENARIOS. */
  readonly scenario: string;
  /** `demo:<random>`; given where a session of an earlier start is to be continued. */
  readonly estateId?: string;
  /** Seconds between blocks. */
  readonly blockPeriodS?: number;
}

export interface Demo {
  readonly configPath: string;
  readonly folder: string;
  readonly estateId: string;
  /** Connections that are open now, to all servers together. */
  connections(): number;
  /** Ends all servers and removes the folder. */
  stop(): Promise<void>;
}

/** A scenario that does not exist; the message lists those that do. */
export class UnknownScenarioError extends Error {
  override readonly name = 'UnknownScenarioError';
}

const BACKFILL = 120;
/** Blocks by which the two futures of a fork differ at the start. */
const FORKED_BLOCKS = 5;
/** How long ago expired certificates ended. */
const EXPIRED_MS = 3_600_000;
/** The request time-out of the simulated chain, in seconds. */
const REQUEST_TIMEOUT_S = 4;

/**
 * Serves the simulated estate on loopback until it is stopped.
 * @throws UnknownScenarioError
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const scenario = findScenario(options.scenario);
  if (scenario === undefined)
    throw new UnknownScenarioError(
      `there is no scenario "${options.scenario}"; there are: ${SCENARIOS.map((one) => one.name).join(', ')}`,
    );
  const estateId = options.estateId ?? `demo:${randomBytes(8).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'c138-demo-'));
  const simulation = new Simulation(scenario, options.blockPeriodS ?? 2);
  try {
    const configPath = await simulation.listen(folder, estateId);
    return {
      configPath,
      folder,
      estateId,
      connections: () => simulation.connections,
      async stop() {
        await simulation.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await simulation.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Takes in what comes, says nothing, and goes when the other side goes. */
function sayNothing(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.resume();
}

/** Below the ports that systems give out by themselves, so that no other program is given it in the meantime. */
const SILENT_PORTS = { from: 10_000, count: 20_000 };

/** A loopback port on which nobody listens. */
async function silentPort(): Promise<number> {
  for (;;) {
    const port = SILENT_PORTS.from + randomInt(SILENT_PORTS.count);
    const probe = createTcp();
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    return port;
  }
}

function isBesu(guest: SimGuest): boolean {
  return guest.category.startsWith('besu') || guest.category.startsWith('rpc');
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #periodS: number;
  readonly #servers: (HttpServer | NetServer)[] = [];
  readonly #sockets = new Set<{ destroy(): unknown }>();
  readonly #guests: readonly SimGuest[];
  readonly #transactions = new Transactions(138);
  readonly #main: Consensus;
  readonly #fork: Consensus;
  readonly #foreign: Consensus | null;
  readonly #startHeight: number;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | null = null;

  constructor(scenario: Scenario, periodS: number) {
    this.#scenario = scenario;
    this.#periodS = periodS;
    this.#guests = simGuests().map((guest) => scenario.guest?.(guest) ?? guest);
    const { chain = {} } = scenario;
    const down = scenario.validatorsDown ?? [];
    const isUp = (_validator: unknown, index: number): boolean => !down.includes(VALIDATORS[index] ?? 0);
    const stalled = down.length > 1;
    // A stalled chain was healthy until a minute ago.
    const behindS = stalled ? 60 : scenario.forked === undefined ? 0 : FORKED_BLOCKS * periodS;
    const round = chain.recoveringRound ?? 0;
    const lostS = round === 0 ? 0 : REQUEST_TIMEOUT_S * (2 ** round - 1) + periodS;
    const until = this.#now() - behindS - lostS - (chain.headAgeS ?? 0);
    const backfill = {
      validators: makeValidators(VALIDATORS.length),
      count: chain.count ?? BACKFILL,
      until,
      periodS,
      ...(chain.contract === undefined ? {} : { contract: chain.contract }),
      ...(chain.voteOf === undefined ? {} : { voteOf: chain.voteOf }),
    };
    const history = Consensus.start({ ...backfill, isUp: stalled ? () => true : isUp });
    this.#main = history.fork(isUp);
    this.#fork = history.fork(isUp);
    this.#foreign =
      scenario.otherGenesis === undefined
        ? null
        : Consensus.start({ ...backfill, count: 20, validators: makeValidators(4), isUp: () => true });
    if (round > 0) this.#main.produce(this.#now(), { round });
    if (scenario.forked !== undefined)
      for (let left = FORKED_BLOCKS; left > 0; left -= 1)
        this.#tick(until + (FORKED_BLOCKS - left + 1) * periodS);
    this.#startHeight = this.#main.height;
  }

  /** The simulated estate's own clock, in seconds. */
  #now(): number {
    return Math.floor((Date.now() + (this.#scenario.clockMs ?? 0)) / 1000);
  }

  async listen(folder: string, estateId: string): Promise<string> {
    const ca = await makeClusterCa();
    const secret = randomUUID();
    const clientKey = makeSshKey();
    const proxmoxPorts = new Map<HostName, number>();
    const sshPorts = new Map<HostName, number>();
    const servicePorts = new Map<number, number>();
    const edgePorts = new Map<number, number>();
    let knownHosts = '';
    const fault = this.#scenario.proxmox ?? {};
    const state = {
      guests: () => this.#guests,
      hostOnline: (host: HostName) => !(this.#scenario.hostsDown ?? []).includes(host),
      authorization: `PVEAPIToken=c138@pve!audit=${secret}`,
      fault,
    };
    const issuer = fault.certificate === 'foreign' ? await makeClusterCa() : ca;
    const certificate = await issuer.issue(
      ['localhost', '127.0.0.1', '::1', ...HOSTS],
      fault.certificate === 'expired' ? EXPIRED_MS : undefined,
    );
    for (const host of HOSTS) {
      const pve = createHttps({ cert: certificate.cert, key: certificate.key }, (request, response) =>
        answerProxmox(state, host, request, response),
      );
      proxmoxPorts.set(host, await this.#open(pve, this.#hostUp(host) && fault.down !== true));
      const hostKey = makeSshKey();
      const ssh = makeSshServer({
        host,
        hostKey: hostKey.private,
        clientPublicKey: clientKey.public,
        guests: state.guests,
        listener: (vmid) => this.#listener(vmid),
        hostOnline: state.hostOnline,
        clockMs: this.#scenario.clockMs ?? 0,
      });
      const port = await this.#open(ssh as unknown as NetServer, this.#hostUp(host));
      sshPorts.set(host, port);
      knownHosts += this.#knownHost(host, `[127.0.0.1]:${port}`, hostKey.public);
    }
    for (const guest of this.#guests) {
      const server = this.#serviceOf(guest);
      if (server !== null) servicePorts.set(guest.vmid, await this.#open(server.server, server.up));
      const edge = this.#scenario.edge?.(guest.vmid) ?? null;
      if (edge !== null) {
        const node = this.#nodeOf(guest, () => edge);
        edgePorts.set(
          guest.vmid,
          await this.#open(
            createHttp((request, response) => answerBesu(node, request, response)),
            true,
          ),
        );
      }
    }
    this.#timer = setInterval(() => this.#tick(this.#now()), this.#periodS * 1000);
    return writeEstate({
      folder,
      estateId,
      guests: this.#guests,
      genesisHash: this.#main.block(0)?.hash ?? '',
      validators: this.#main.validators.map((one) => one.address),
      caPem: ca.pem,
      token: `c138@pve!audit=${secret}`,
      sshClientKey: clientKey.private,
      knownHosts,
      blockPeriodS: this.#periodS,
      proxmoxPorts,
      sshPorts,
      servicePorts,
      edgePorts,
      kinds: this.#scenario.kinds ?? {},
      thresholds: this.#scenario.thresholds ?? {},
    });
  }

  /** The lines of known_hosts about a host; what it presents may be another key, or a revoked one. */
  #knownHost(host: HostName, name: string, presented: string): string {
    const { changed = [], revoked = [] } = this.#scenario.ssh ?? {};
    const line = (key: string): string => `${name} ${key.split(' ').slice(0, 2).join(' ')}\n`;
    const known = line(changed.includes(host) ? makeSshKey().public : presented);
    return revoked.includes(host) ? `${known}@revoked ${line(presented)}` : known;
  }

  /** What listens in a placeholder besides its distribution. */
  #listener(vmid: number): { readonly process: string; readonly port: number } | null {
    if (this.#scenario.kinds?.[vmid] === 'fabric-peer') return { process: 'peer', port: 9443 };
    return (this.#scenario.listeners ?? []).includes(vmid) ? { process: 'nc', port: 7051 } : null;
  }

  #hostUp(host: HostName): boolean {
    return this.#scenario.dark !== true && !(this.#scenario.hostsDown ?? []).includes(host);
  }

  #serviceOf(guest: SimGuest): { server: HttpServer | NetServer; up: boolean } | null {
    const up = guest.running && this.#hostUp(guest.host);
    if (isBesu(guest)) {
      const node = this.#nodeOf(guest, () =>
        this.#scenario.node?.(guest.vmid, {
          elapsedMs: Date.now() - this.#startedAt,
          startHeight: this.#startHeight,
        }),
      );
      const server = createHttp((request, response) => answerBesu(node, request, response));
      if (node.behaviour().wire === 'accept-close') server.on('connection', (socket) => socket.destroy());
      return { server, up };
    }
    if (guest.vmid === 6200)
      return {
        server: createHttp((request, response) =>
          answerFirefly(this.#scenario.firefly ?? {}, request, response),
        ),
        up,
      };
    if (guest.category === 'explorer') {
      const options = { chain: () => this.#main, lag: () => this.#scenario.explorerLag ?? 0 };
      return { server: createHttp((request, response) => answerBlockscout(options, request, response)), up };
    }
    const kind = this.#scenario.kinds?.[guest.vmid];
    if (kind === 'fabric-peer')
      return {
        server: createHttp((request, response) => answerFabricPeer({ channels: [] }, request, response)),
        up,
      };
    if ([...FABRIC, ...INDY].includes(guest.vmid))
      return {
        server: createTcp(sayNothing),
        up: (this.#scenario.listeners ?? []).includes(guest.vmid),
      };
    if (guest.category === 'npmplus') return { server: createTcp(sayNothing), up };
    return null;
  }

  #nodeOf(guest: SimGuest, bend: () => NodeBehaviour | undefined): BesuNode {
    const forked = (this.#scenario.forked ?? []).includes(guest.vmid);
    const foreign = (this.#scenario.otherGenesis ?? []).includes(guest.vmid) ? this.#foreign : null;
    const clockMs = this.#scenario.clockMs ?? 0;
    return {
      vmid: guest.vmid,
      fleet: this.#guests.filter(isBesu).map((one) => one.vmid),
      chain: () => foreign ?? (forked ? this.#fork : this.#main),
      transactions: this.#transactions,
      chainId: 138,
      groups: apiGroupsOf(guest.category),
      behaviour: () => {
        const bent = bend() ?? {};
        return { ...bent, clockMs: clockMs + (bent.clockMs ?? 0) };
      },
    };
  }

  /** Listens on a free loopback port; a server that is down has one on which nobody listens, so that it refuses. */
  async #open(server: HttpServer | NetServer, up: boolean): Promise<number> {
    if (!up) return silentPort();
    server.on(
      'connection',
      (socket: { destroy(): unknown; on(event: 'close', listener: () => void): unknown }) => {
        if (typeof socket.destroy !== 'function') return;
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    this.#servers.push(server);
    return port;
  }

  /** Lets every chain make its next block. `now` in seconds. */
  #tick(now: number): void {
    const emptyS = this.#scenario.chain?.emptyPeriodS;
    if (emptyS !== undefined && now < Number(BigInt(this.#main.head.timestamp)) + emptyS) return;
    const { height } = this.#main;
    this.#main.produce(now, { fields: this.#transactions.takeInto(height + 1) });
    if (this.#scenario.forked !== undefined) this.#fork.produce(now, { stateRoot: `0x${'5f'.repeat(32)}` });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
}
