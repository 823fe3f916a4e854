import { apiGroupsOf, FABRIC, INDY, RPC_BY_CATEGORY, type SimGuest, VALIDATORS } from './estate-data.ts';
import type { NodeBehaviour } from './json-rpc.ts';
import type { Scenario } from './scenarios.ts';

const PUBLIC = RPC_BY_CATEGORY.rpc_public?.[0] ?? 0;
const CORE = RPC_BY_CATEGORY.rpc_core?.[0] ?? 0;
const NAMED = RPC_BY_CATEGORY.rpc_named?.[0] ?? 0;
const THIRDWEB = RPC_BY_CATEGORY.rpc_thirdweb?.[0] ?? 0;
const LAST_VALIDATOR = VALIDATORS.at(-1) ?? 0;

/** A node that nobody has voted for before. */
const CANDIDATE = `0x${'c4'.repeat(20)}`;

const only =
  (vmid: number, behaviour: NodeBehaviour) =>
  (asked: number): NodeBehaviour =>
    asked === vmid ? behaviour : {};

const started =
  (vmid: number) =>
  (guest: SimGuest): SimGuest =>
    guest.vmid === vmid ? { ...guest, state: 'active', running: true } : guest;

const leaking = new Set([...apiGroupsOf('rpc_public'), 'admin']);

/** Half of the validators see the other half no more. */
const SPLIT = VALIDATORS.slice(0, 3);

/** Faults of the chain, of single nodes and of services: one fault each, everything else healthy. */
export const CHAIN_SCENARIOS: readonly Scenario[] = [
  {
    name: 'recovering',
    description: 'the first block after seventeen minutes came in round 8; the chain is just back',
    chain: { recoveringRound: 8 },
  },
  {
    name: 'empty-period',
    description: 'the last block is 40 s old, which is legal: empty blocks come every 60 s',
    chain: { headAgeS: 40, emptyPeriodS: 60 },
    thresholds: { empty_block_period_s: 60 },
  },
  {
    name: 'node-catching-up',
    description: 'one RPC node is 50 blocks behind and catches up',
    node: (vmid, { elapsedMs }) =>
      vmid === NAMED ? { lag: Math.max(8, 50 - Math.floor(elapsedMs / 500)), syncing: true } : {},
  },
  {
    name: 'node-stuck',
    description: 'one RPC node stands still, 50 blocks behind',
    node: (vmid, { startHeight }) => (vmid === NAMED ? { stuckAt: startHeight - 50 } : {}),
  },
  {
    name: 'other-genesis',
    description: 'one RPC node belongs to another network',
    otherGenesis: [NAMED],
  },
  {
    name: 'state-lost',
    description: 'one RPC node lost the world state of its head: latest is its genesis block',
    node: only(NAMED, { stateLost: true }),
  },
  {
    name: 'no-peers',
    description: 'one RPC node has no peer, and eth_syncing says false',
    node: only(NAMED, { peers: 0 }),
  },
  {
    name: 'not-ready',
    description: 'one RPC node calls itself not ready (503)',
    node: only(NAMED, { notReady: true }),
  },
  {
    name: 'host-refused',
    description: 'one RPC node does not accept the Host name it is asked by (403)',
    node: only(NAMED, { wire: 'forbidden-host' }),
  },
  {
    name: 'token-wanted',
    description: 'one RPC node wants a token (401)',
    node: only(NAMED, { wire: 'unauthorised' }),
  },
  {
    name: 'api-off',
    description: 'a core RPC node does not serve the QBFT group (-32604)',
    node: only(CORE, { groups: new Set(['eth', 'net', 'web3', 'rpc', 'txpool', 'admin']) }),
  },
  {
    name: 'api-filtered',
    description:
      'a proxy before a core RPC node answers everything but ETH, NET and WEB3 as unknown (-32601)',
    node: only(CORE, {
      filtered: new Set(['rpc', 'qbft', 'txpool', 'admin', 'debug', 'trace', 'perm', 'miner']),
    }),
  },
  {
    name: 'edge-502',
    description: 'the edge of the public tier answers every second time with an HTML error page',
    edge: (vmid) => (vmid === PUBLIC ? { wire: 'html-502-half' } : null),
  },
  {
    name: 'connections-used-up',
    description: 'one RPC node accepts connections and closes them at once',
    node: only(NAMED, { wire: 'accept-close' }),
  },
  {
    name: 'silent',
    description: 'one RPC node accepts questions and never answers',
    node: only(NAMED, { wire: 'hang' }),
  },
  {
    name: 'truncated',
    description: 'one RPC node answers with half a JSON document',
    node: only(NAMED, { wire: 'truncated' }),
  },
  {
    name: 'only-201',
    description: 'one RPC port answers everything with an empty 201',
    node: only(NAMED, { wire: 'only-201' }),
  },
  {
    name: 'contract-validators',
    description: 'a contract selects the validators, so blocks name none',
    chain: { contract: true },
  },
  {
    name: 'vote-in-flight',
    description: 'one validator votes for a new one in its blocks; the others do not',
    chain: { voteOf: (_proposer, index) => (index === 0 ? { recipient: CANDIDATE, add: true } : null) },
  },
  {
    name: 'young-chain',
    description: 'a chain of less than a hundred blocks, where the genesis block shows up among the signers',
    chain: { count: 60 },
  },
  {
    name: 'other-seals',
    description: 'one RPC node stores other seals than the rest for the same blocks',
    node: only(NAMED, { otherSeals: true }),
  },
  {
    name: 'batch-reordered',
    description: 'a proxy before a thirdweb node gives the answers of a batch in reverse order',
    node: only(THIRDWEB, { reorderBatch: true }),
  },
  {
    name: 'leak-edge',
    description: 'the public tier serves ADMIN, through the edge too',
    node: only(PUBLIC, { groups: leaking }),
    edge: (vmid) => (vmid === PUBLIC ? { groups: leaking } : null),
  },
  {
    name: 'leak-direct',
    description: 'the public tier is right through the edge and serves ADMIN to those who ask it directly',
    node: only(PUBLIC, { groups: leaking }),
    edge: (vmid) => (vmid === PUBLIC ? {} : null),
  },
  {
    name: 'node-clock',
    description: 'the clock of one RPC node is 3 s ahead',
    node: only(NAMED, { clockMs: 3_000 }),
  },
  {
    name: 'console-clock',
    description: "the console's own clock is 90 s behind that of the estate",
    clockMs: 90_000,
  },
  {
    name: 'firefly-init-error',
    description: 'FireFly answers, and a namespace of its does not initialise',
    firefly: { initializationError: 'FF10158: blockchain connector not reachable' },
  },
  {
    name: 'fabric-no-channel',
    description: 'a Fabric peer calls itself healthy and has joined no channel',
    guest: started(FABRIC[0] ?? 0),
    kinds: { [FABRIC[0] ?? 0]: 'fabric-peer' },
  },
  {
    name: 'indy-silent',
    description: 'something listens where an Indy node should, and says nothing',
    guest: started(INDY[0] ?? 0),
    kinds: { [INDY[0] ?? 0]: 'indy' },
    listeners: [INDY[0] ?? 0],
  },
  {
    name: 'explorer-behind',
    description: 'the explorer calls itself healthy and is 400 blocks behind',
    chain: { count: 450 },
    explorerLag: 400,
  },
  {
    name: 'config-drift',
    description:
      'a core RPC node has another genesis configuration: a fork at a time that is known beforehand',
    node: only(CORE, { config: { shanghaiTime: 1_900_000_000 } }),
  },
  {
    name: 'partition',
    description: 'the validators are in two groups that do not see each other',
    node: (vmid) => {
      if (!VALIDATORS.includes(vmid)) return {};
      const side = SPLIT.includes(vmid);
      return { peerVmids: VALIDATORS.filter((one) => SPLIT.includes(one) === side) };
    },
  },
  {
    name: 'pool-stuck',
    description: 'transactions wait in every pool while the blocks are empty',
    node: () => ({ pooled: 12 }),
  },
  {
    name: 'validator-behind',
    description: 'one validator stands still while the others go on',
    node: (vmid, { startHeight }) => (vmid === LAST_VALIDATOR ? { stuckAt: startHeight - 20 } : {}),
  },
  {
    name: 'slow',
    description: 'every Besu node takes 100 ms for each answer',
    node: () => ({ delayMs: 100 }),
  },
];
