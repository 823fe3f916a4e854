import type { Finding, Json, JsonObject, Observation, SubjectId } from '../model/index.ts';
import { freshOf, namesOf } from './head-facts.ts';
import { quorumOf, votesNeeded } from './quorum.ts';
import type { ChainInput } from './rules.ts';

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const textsOf = (value: Json | undefined): readonly string[] =>
  listOf(value).filter((one): one is string => typeof one === 'string');
const rowsOf = (value: Json | undefined): readonly JsonObject[] =>
  listOf(value).filter(
    (one): one is JsonObject => one !== null && typeof one === 'object' && !Array.isArray(one),
  );
const short = (address: string): string => `${address.slice(0, 10)}…`;

function freshIn(input: ChainInput, probe: string): readonly Observation[] {
  const { observations, at, thresholds, networks } = input;
  return freshOf(observations, probe, at, thresholds.evidenceTtlS).filter(
    (one) => !networks.foreign.has(one.endpoint),
  );
}

/** Rounds, silent validators, votes and set changes, from the last headers. */
function fromHeaders(input: ChainInput): readonly Finding[] {
  const [window] = freshIn(input, 'qbft-window');
  const facts = window?.answer.facts;
  if (facts === undefined || typeof facts.count !== 'number' || facts.count === 0) return [];
  const { chain } = input;
  const info = (rule: string, reason: string, next: string): Finding => ({
    rule,
    subject: chain,
    severity: 'info',
    reason,
    next,
  });
  const findings: Finding[] = [...roundFindings(chain, facts)];
  const validators = textsOf(facts.validators);
  for (const [recipient, votes] of Map.groupBy(rowsOf(facts.inFlight), (one) => String(one.recipient))) {
    const adds = votes.filter((one) => one.add === true).length;
    const drops = votes.length - adds;
    const [count, what] = adds >= drops ? [adds, 'add'] : [drops, 'drop'];
    findings.push(
      info(
        'vote-in-flight',
        `${count} of ${votesNeeded(Math.max(1, validators.length))} votes needed to ${what} ${recipient} were seen in the last ${facts.count} headers`,
        'see that the change is wanted; the other validators vote or discard',
      ),
    );
  }
  for (const change of rowsOf(facts.changes))
    findings.push(
      info(
        'set-changed',
        `from block ${String(change.number)} on: ${[
          ...textsOf(change.added).map((one) => `added ${one}`),
          ...textsOf(change.removed).map((one) => `removed ${one}`),
        ].join(', ')}`,
        'followed by proven votes; re-pin the new set by a trust update',
      ),
    );
  if (facts.contractMode === true)
    findings.push(
      info(
        'validators-from-contract',
        'blocks name no validators: a contract selects them; quorum is counted against the pinned set',
        'compare the pinned set with qbft_getValidatorsByBlockNumber after each change of the contract',
      ),
    );
  return findings;
}

function roundFindings(chain: SubjectId, facts: JsonObject): readonly Finding[] {
  const rounds = listOf(facts.rounds).filter((one): one is number => typeof one === 'number');
  const highest = Math.max(0, ...rounds);
  if (highest === 0) return [];
  const late = rowsOf(facts.late);
  const total = Math.max(1, textsOf(facts.validators).length);
  const findings: Finding[] = [];
  const peak = late.find((one) => one.round === highest);
  if (highest >= total)
    findings.push({
      rule: 'qbft-recovering',
      subject: chain,
      severity: 'warn',
      reason: `block ${String(peak?.number ?? '?')} came only in round ${highest}, after every validator's turn had passed: the chain stood still and is just back`,
      next: 'find out what stopped a quorum before it happens again; watch the next blocks',
    });
  const ordinary = late.filter((one) => typeof one.round === 'number' && one.round < total);
  if (ordinary.length === 0) return findings;
  const skipped = [...new Set(ordinary.flatMap((one) => textsOf(one.skipped)))];
  const count = rounds.filter((one) => one > 0 && one < total).length;
  const [only] = skipped;
  const fixed = skipped.length === 1 && only !== undefined;
  findings.push({
    rule: fixed ? 'validator-silent' : 'rounds-scattered',
    subject: chain,
    severity: 'warn',
    reason: fixed
      ? `validator ${only} let every turn pass: ${count} of the last ${rounds.length} blocks needed a further round`
      : `${count} of the last ${rounds.length} blocks needed a further round, and not always for the same validator (${skipped.slice(0, 4).map(short).join(', ')})`,
    next: fixed
      ? 'that validator is down or cut off'
      : 'look at the request time-out, at clocks and at the load of the validators',
  });
  return findings;
}

/** Nodes whose genesis configuration differs: a transition that only some have forks the chain at a height known beforehand. */
function configDrift(input: ChainInput): readonly Finding[] {
  const told = freshIn(input, 'besu-network').filter(
    (one) => typeof one.answer.facts.configSha256 === 'string',
  );
  const groups = [...Map.groupBy(told, (one) => one.answer.facts.configSha256)].sort(
    (a, b) => b[1].length - a[1].length,
  );
  const [most] = groups;
  if (most === undefined || groups.length < 2) return [];
  const usual = configOf(most[1][0]);
  return groups.slice(1).flatMap(([, nodes]) => {
    const own = configOf(nodes[0]);
    const keys = [...new Set([...Object.keys(usual), ...Object.keys(own)])].filter(
      (key) => usual[key] !== own[key],
    );
    return nodes.map((node) => ({
      rule: 'config-drift',
      subject: node.subject,
      severity: 'fail' as const,
      reason: `its genesis configuration differs from that of ${most[1].length} other nodes in ${keys.slice(0, 6).join(', ') || 'nested values'}: at that transition it forks off`,
      next: 'compare its genesis file with the fleet before the height or time is reached',
    }));
  });
}

function configOf(one: Observation | undefined): JsonObject {
  const config = one?.answer.facts.config;
  return config !== null && typeof config === 'object' && !Array.isArray(config)
    ? (config as JsonObject)
    : {};
}

/** Validators that do not see one another, by their lists of peers. */
function partition(input: ChainInput): readonly Finding[] {
  const members = new Set(
    input.subjects.filter((one) => one.category === 'besu_validator').map((one) => one.id),
  );
  const nodes = freshIn(input, 'besu-network').flatMap((one) => {
    const { id, peerIds } = one.answer.facts;
    return members.has(one.subject) && typeof id === 'string' && Array.isArray(peerIds)
      ? [{ subject: one.subject, id, peers: new Set(textsOf(peerIds)) }]
      : [];
  });
  if (nodes.length < 2) return [];
  const groups: (typeof nodes)[] = [];
  const left = new Set(nodes);
  for (const first of nodes) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (const one of group)
      for (const other of left)
        if (one.peers.has(other.id) || other.peers.has(one.id)) {
          left.delete(other);
          group.push(other);
        }
    groups.push(group);
  }
  if (groups.length < 2) return lonelyValidators(nodes, members.size);
  const quorum = quorumOf(members.size);
  const largest = Math.max(...groups.map((one) => one.length));
  return [
    {
      rule: 'partition',
      subject: input.chain,
      severity: 'fail',
      reason: `the validators are in ${groups.length} groups without a connection: ${groups.map((one) => namesOf(one)).join(' | ')}; ${largest < quorum ? `no group has a quorum of ${quorum}` : `one group has a quorum of ${quorum}`}`,
      next: 'check P2P port 30303 tcp and udp between the groups, the node lists and permissioning',
    },
  ];
}

/** Validators connected to so few others that they see no quorum directly; a sentry in between may still carry the messages. */
function lonelyValidators(
  nodes: readonly { readonly subject: SubjectId; readonly id: string; readonly peers: ReadonlySet<string> }[],
  total: number,
): readonly Finding[] {
  const quorum = quorumOf(total);
  return nodes.flatMap((one): Finding[] => {
    const seen = nodes.filter((other) => other !== one && one.peers.has(other.id)).length;
    const unseen = total - nodes.length;
    if (nodes.length < quorum || seen + unseen + 1 >= quorum) return [];
    return [
      {
        rule: 'validator-few-peers',
        subject: one.subject,
        severity: 'warn',
        reason: `it has only ${seen} other validators as peers; a quorum of ${quorum} needs ${quorum - 1}`,
        next: 'check its node list and P2P port; validators behind sentries may be meant so',
      },
    ];
  });
}

/** Transactions that wait while blocks stay empty: a fee floor or a nonce gap. */
function poolStuck(input: ChainInput): readonly Finding[] {
  const [window] = freshIn(input, 'qbft-window');
  const { empty, count, to } = window?.answer.facts ?? {};
  if (typeof empty !== 'number' || typeof count !== 'number' || count < 10 || empty < count) return [];
  const waiting = freshIn(input, 'besu-network').flatMap((one) => {
    const { pool } = one.answer.facts;
    if (pool === null || typeof pool !== 'object' || Array.isArray(pool)) return [];
    const { local, remote } = pool as JsonObject;
    const size = Number(local) + Number(remote);
    return size > 0 ? [{ subject: one.subject, size }] : [];
  });
  if (waiting.length === 0) return [];
  const most = Math.max(...waiting.map((one) => one.size));
  return [
    {
      rule: 'pool-stuck',
      subject: input.chain,
      severity: 'warn',
      reason: `up to ${most} transactions wait on ${waiting.length} nodes (${namesOf(waiting)}) while the last ${count} blocks up to ${String(to)} are empty`,
      next: 'look for a fee floor that differs between nodes (min-gas-price, zeroBaseFee) and for nonce gaps',
    },
  ];
}

/** Nodes with another price floor than most: they drop what others take. */
function priceFloors(input: ChainInput): readonly Finding[] {
  const told = freshIn(input, 'besu-network').filter((one) => typeof one.answer.facts.gasPrice === 'string');
  const groups = [...Map.groupBy(told, (one) => String(one.answer.facts.gasPrice))].sort(
    (a, b) => b[1].length - a[1].length,
  );
  if (groups.length < 2) return [];
  return [
    {
      rule: 'gas-floor-differs',
      subject: input.chain,
      severity: 'info',
      reason: `gas prices differ between nodes: ${groups.map(([price, nodes]) => `${price} wei on ${nodes.length} (${namesOf(nodes)})`).join(', ')}`,
      next: 'compare min-gas-price in their configuration',
    },
  ];
}

/** Validators by the nodes against the pinned set, and nodes that disagree among themselves. */
function validatorSets(input: ChainInput): readonly Finding[] {
  const told = freshIn(input, 'qbft-set').filter((one) => Array.isArray(one.answer.facts.validators));
  const groups = [...Map.groupBy(told, (one) => textsOf(one.answer.facts.validators).join())].sort(
    (a, b) => b[1].length - a[1].length,
  );
  if (groups.length < 2) return [];
  return groups.slice(1).flatMap(([, nodes]) =>
    nodes.map((node) => ({
      rule: 'set-differs',
      subject: node.subject,
      severity: 'warn' as const,
      reason: `it names ${textsOf(node.answer.facts.validators).length} validators, other than ${groups[0]?.[1].length ?? 0} other nodes do`,
      next: 'ask again; if it stays, it is on other blocks or reads another contract',
    })),
  );
}

/** The request time-out that the nodes run with, against the one that stalls are judged by. */
function requestTimeouts(input: ChainInput): readonly Finding[] {
  const { requestTimeoutS } = input.thresholds;
  const other = freshIn(input, 'qbft-set').filter(({ answer }) => {
    const told = answer.facts.requestTimeoutS;
    return typeof told === 'number' && told !== requestTimeoutS;
  });
  const values = [...new Set(other.map((one) => Number(one.answer.facts.requestTimeoutS)))].sort(
    (a, b) => a - b,
  );
  if (other.length === 0) return [];
  return [
    {
      rule: 'request-timeout',
      subject: input.chain,
      severity: 'warn',
      reason: `stalls are judged by a request time-out of ${requestTimeoutS} s, but ${other.length} nodes run with ${values.join(' and ')} s (${namesOf(other)})`,
      next: 'correct request_timeout_s in the estate file, or the genesis configuration of those nodes',
    },
  ];
}

/** Rules over what nodes say of their network, their configuration and the last headers. */
export const networkRules: readonly ((input: ChainInput) => readonly Finding[])[] = [
  fromHeaders,
  validatorSets,
  requestTimeouts,
  configDrift,
  partition,
  poolStuck,
  priceFloors,
];
