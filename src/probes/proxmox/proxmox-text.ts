import type { Answer, Endpoint, EvidenceLevel, Observation, RawRef, SubjectId } from '../../model/index.ts';
import { sanitiseLine } from '../../model/index.ts';
import { fail, makeAnswer, pass } from '../besu/rpc-session.ts';
import { observe, type ProbeContext, timeoutOf } from '../context.ts';
import { redact } from '../redact.ts';
import type { CommandAnswer, CommandRunner } from '../transports/command.ts';
import { readStorages } from './proxmox-hosts.ts';
import { readGuests } from './proxmox-rows.ts';
import { pveSource } from './proxmox-source.ts';
import {
  readPctList,
  readPvecmStatus,
  readPvesmStatus,
  readQmList,
  type TextCluster,
  type TextGuests,
} from './text-tools.ts';

type Seen = { readonly answer: Answer; readonly level: EvidenceLevel; readonly raw: RawRef | null };

/**
 * What the text tools of one node tell, for nodes whose `pvesh` does not answer: its own guests and its view of the quorum. A guest
 * that another node has is not in these lists, so nothing is called missing.
 * @returns nothing where the endpoint gives no way to run them, or where the node has none of them
 */
export async function pveText(context: ProbeContext, endpoint: Endpoint): Promise<readonly Observation[]> {
  const { runner } = pveSource(context, endpoint);
  if (runner === null) return [];
  const run = (argv: readonly string[]): Promise<CommandAnswer> =>
    runner.run(argv, timeoutOf(endpoint), context.signal);
  const hostname = await run(['hostname']);
  if (hostname.class !== 'ok') return [];
  // Proxmox calls a node by the first part of its host name.
  const node = sanitiseLine(Buffer.from(hostname.stdout).toString('utf8').trim().split('.')[0] ?? '', 64);
  const [containers, machines, cluster, storages] = await Promise.all([
    guestList(context, endpoint, run, ['pct', 'list'], (text) => readPctList(text, node)),
    guestList(context, endpoint, run, ['qm', 'list'], (text) => readQmList(text, node)),
    clusterState(context, endpoint, runner),
    storageState(context, endpoint, run, node),
  ]);
  return [...containers, ...machines, ...cluster, ...storages];
}

async function guestList(
  context: ProbeContext,
  endpoint: Endpoint,
  run: (argv: readonly string[]) => Promise<CommandAnswer>,
  argv: readonly string[],
  read: (text: string) => TextGuests,
): Promise<readonly Observation[]> {
  let guests: TextGuests = { rows: [], unread: [] };
  const what = { probe: 'pve-guest', endpoint, request: argv.join(' ') };
  const seen = await observe(context, what, async (): Promise<Seen> => {
    const output = await run(argv);
    const raw = keepOutput(context, output);
    if (output.class !== 'ok')
      return { answer: makeAnswer(output.class, {}, [], output), level: 'none', raw };
    guests = read(Buffer.from(output.stdout).toString('utf8'));
    return { answer: makeAnswer('ok', {}), level: 'presence', raw };
  });
  return [...readGuests(guests.rows).values()].map(
    (guest): Observation => ({
      ...seen,
      subject: `vmid:${guest.vmid}`,
      level: guest.run === 'running' ? 'runtime' : 'presence',
      answer: makeAnswer('ok', { run: guest.run, ...guest.facts }),
    }),
  );
}

async function storageState(
  context: ProbeContext,
  endpoint: Endpoint,
  run: (argv: readonly string[]) => Promise<CommandAnswer>,
  node: string,
): Promise<readonly Observation[]> {
  const argv = ['pvesm', 'status'];
  const subject: SubjectId = `host:${node}`;
  const seen = await observe(
    context,
    { probe: 'pve-storage', endpoint, request: argv.join(' '), subject },
    async (): Promise<Seen> => {
      const output = await run(argv);
      const raw = keepOutput(context, output);
      if (output.class !== 'ok')
        return { answer: makeAnswer(output.class, {}, [], output), level: 'none', raw };
      const { rows } = readPvesmStatus(Buffer.from(output.stdout).toString('utf8'));
      const { facts, checks } = readStorages(rows);
      return { answer: makeAnswer('ok', facts, checks), level: 'runtime', raw };
    },
  );
  return seen.answer.class === 'ok' ? [seen] : [];
}

async function clusterState(
  context: ProbeContext,
  endpoint: Endpoint,
  runner: CommandRunner,
): Promise<readonly Observation[]> {
  const argv = ['pvecm', 'status'];
  const documented = context.estate.subjects.find((one) => one.kind === 'cluster');
  const subject: SubjectId = documented?.id ?? 'cluster:unnamed';
  const seen = await observe(
    context,
    { probe: 'pve-cluster', endpoint, request: argv.join(' '), subject },
    async () => {
      const output = await runner.run(argv, timeoutOf(endpoint), context.signal);
      const raw = keepOutput(context, output);
      if (output.class !== 'ok' && output.class !== 'exit')
        return { answer: makeAnswer(output.class, {}, [], output), level: 'none', raw } satisfies Seen;
      const text = `${Buffer.from(output.stdout).toString('utf8')}\n${output.stderr}`;
      return { ...clusterAnswer(readPvecmStatus(text), output), raw };
    },
  );
  return seen.answer.class === 'not-configured' ? [] : [seen];
}

/** What `pvecm status` means for the cluster. */
function clusterAnswer(cluster: TextCluster, output: CommandAnswer): Omit<Seen, 'raw'> {
  const { name, nodes, expectedVotes, totalVotes, quorum } = cluster;
  const facts = { name, votes: totalVotes, expectedVotes, quorum, nodeCount: nodes };
  const votes = `${totalVotes ?? '?'} of ${expectedVotes ?? '?'} votes`;
  switch (cluster.state) {
    case 'quorate':
      return {
        answer: makeAnswer('ok', { quorate: true, standalone: false, ...facts }, [
          pass('pve-quorum', `quorate, ${votes}`),
        ]),
        level: 'app',
      };
    case 'not-quorate':
      return {
        answer: makeAnswer('ok', { quorate: false, standalone: false, ...facts }, [
          fail(
            'pve-quorum',
            `not quorate: ${votes}; the cluster is read-only`,
            'bring nodes back before changing anything',
          ),
        ]),
        level: 'app',
      };
    case 'no-cluster':
      return {
        answer: makeAnswer('ok', { quorate: true, standalone: true, ...facts }, [
          pass('pve-quorum', 'a node on its own, in no cluster'),
        ]),
        level: 'app',
      };
    case 'corosync-down':
      return {
        answer: makeAnswer('exit', {}, [], {
          code: output.exit,
          detail: 'corosync does not run on this node',
        }),
        level: 'none',
      };
    case 'unreadable': {
      const missing = output.exit === 127 || output.class === 'ok';
      return {
        answer: makeAnswer(missing ? 'not-configured' : 'exit', {}, [], {
          code: output.exit,
          detail: output.detail || 'what pvecm printed cannot be read',
        }),
        level: 'none',
      };
    }
  }
}

function keepOutput(context: ProbeContext, output: CommandAnswer): RawRef | null {
  if (output.stdout.length === 0) return null;
  const { bytes, redactions } = redact(output.stdout);
  return context.storeRaw(bytes, redactions, output.class === 'too-large');
}
