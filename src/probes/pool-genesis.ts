import { sanitiseLine } from '../model/index.ts';

/** One node of an Indy pool, as its genesis file names it. */
export interface PoolNode {
  readonly alias: string;
  /** The node's Ed25519 key, base58. */
  readonly dest: string;
  /** `host:port` of the two listeners. */
  readonly node: string;
  readonly client: string;
  readonly validator: boolean;
}

export interface Pool {
  readonly nodes: readonly PoolNode[];
  /** Nodes that may fail: floor((N-1)/3) of the validators. */
  readonly mayFail: number;
  /** What is wrong with single lines. */
  readonly faults: readonly string[];
}

const BASE58 = /^[1-9A-HJ-NP-Za-km-z]{32,50}$/;
const MOST = 200;

/**
 * Reads a pool genesis file: one transaction as JSON a line, `txn.data.data` with the addresses and `txn.data.dest` with the key; older files
 * hold the same flat. Ports are numbers in some files and text in others. (indy-node, indy-vdr.)
 */
export function readPoolGenesis(text: string): Pool {
  const nodes: PoolNode[] = [];
  const faults: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const node = nodes.length < MOST ? readLine(line) : null;
    if (node === null) faults.push(`line ${index + 1} is no node of a pool`);
    else nodes.push(node);
  }
  const aliases = nodes.map((one) => one.alias);
  for (const alias of new Set(aliases))
    if (aliases.filter((one) => one === alias).length > 1) faults.push(`two nodes are called ${alias}`);
  const validators = nodes.filter((one) => one.validator).length;
  return { nodes, mayFail: Math.max(0, Math.floor((validators - 1) / 3)), faults };
}

type Row = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Row =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Row) : {};

function readLine(line: string): PoolNode | null {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return null;
  }
  const root = objectOf(json);
  const inner = objectOf(objectOf(root.txn).data);
  const [dest, data] = 'txn' in root ? [inner.dest, objectOf(inner.data)] : [root.dest, objectOf(root.data)];
  const node = addressOf(data.node_ip, data.node_port);
  const client = addressOf(data.client_ip, data.client_port);
  if (typeof data.alias !== 'string' || typeof dest !== 'string' || !BASE58.test(dest)) return null;
  if (node === null || client === null) return null;
  const services = Array.isArray(data.services) ? data.services : [];
  return {
    alias: sanitiseLine(data.alias, 60),
    dest,
    node,
    client,
    validator: services.includes('VALIDATOR'),
  };
}

function addressOf(ip: unknown, port: unknown): string | null {
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port;
  if (typeof ip !== 'string' || !/^[0-9a-fA-F.:]{2,45}$/.test(ip)) return null;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1 || number > 65_535)
    return null;
  return `${ip.toLowerCase()}:${number}`;
}
