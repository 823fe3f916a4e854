import {
  couldLook,
  type Endpoint,
  isHyperledger,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../../model/index.ts';
import { BELOW, fillCommand, fitsPlace, INSIDE } from '../allow-list.ts';
import { makeAnswer } from '../besu/rpc-session.ts';
import { observe, type ProbeContext, timeoutOf } from '../context.ts';
import { pooled } from '../pool.ts';
import { redact } from '../redact.ts';
import type { CommandAnswer, CommandRunner } from '../transports/command.ts';
import { readListeners, readPayload, readProcesses, readUnits, readUsed } from './inside-text.ts';
import { guestConfig } from './proxmox-scopes.ts';
import { pveSource } from './proxmox-source.ts';

/** Guests looked into at a time, and in all. Each command inside costs its host a process. */
const GUESTS_AT_ONCE = 2;
const MAX_GUESTS = 32;

type Keep = (observations: readonly Observation[]) => void;

/**
 * Probes `pve-ct-listeners`, `pve-ct-processes`, `pve-ct-units`, `pve-ct-payload`, `pve-ct-disk`: the layers inside a container that should hold
 * nothing yet (placeholders, retired guests, Fabric and Indy whatever they are called), one observation for each command, with its
 * exit code. One that runs is asked by `pct exec`; of one that is stopped the file system is read where the host has it mounted anyway
 * (a ZFS volume). Nothing is started and nothing mounted. Needs an endpoint that runs commands on the guest's own host.
 */
export async function insideRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: Keep,
): Promise<void> {
  await pooled(candidates(context, gathered).slice(0, MAX_GUESTS), GUESTS_AT_ONCE, async (guest) => {
    const { node, run } = guest.answer.facts;
    const shell = shellOn(endpoints, gathered, String(node));
    if (shell === null || context.signal.aborted) return;
    const runner = pveSource(context, shell).runner;
    if (runner === null) return;
    const look = new Look(context, shell, runner, guest);
    if (run === 'running') await inside(look, keep);
    else if (run === 'stopped')
      await below(look, await rootVolume(context, endpoints, gathered, guest, keep), keep);
  });
}

/** Containers whose absence of a service is to be shown, as the cluster lists them. */
function candidates(context: ProbeContext, gathered: readonly Observation[]): readonly Observation[] {
  const wanted = new Set(
    context.estate.subjects
      .filter((one) => fitsPlace('vmid', one.id.slice('vmid:'.length)))
      .filter((one) => one.kind === 'vmid' && (one.expectedRun === 'stopped' || isHyperledger(one, [])))
      .map((one) => one.id),
  );
  const newest = new Map<string, Observation>();
  for (const one of gathered)
    if (one.probe === 'pve-guest' && wanted.has(one.subject) && couldLook(one.answer))
      newest.set(one.subject, one);
  return [...newest.values()].filter(
    ({ answer: { facts } }) =>
      facts.type !== 'qemu' && facts.nodeState === undefined && typeof facts.node === 'string',
  );
}

/** An endpoint that runs commands on a node, as far as it let us in. */
function shellOn(
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  node: string,
): Endpoint | null {
  const good = new Set(
    gathered
      .filter((one) => (one.probe === 'pve-api' || one.probe === 'ssh-host') && one.answer.class === 'ok')
      .map((one) => one.endpoint),
  );
  return (
    endpoints.find(
      (one) => one.subject === `host:${node}` && /^(local|ssh):/.test(one.url) && good.has(one.id),
    ) ?? null
  );
}

/** The commands about one guest. */
class Look {
  readonly vmid: string;
  readonly #context: ProbeContext;
  readonly #endpoint: Endpoint;
  readonly #runner: CommandRunner;
  readonly #guest: Observation;

  constructor(context: ProbeContext, endpoint: Endpoint, runner: CommandRunner, guest: Observation) {
    this.#context = context;
    this.#endpoint = endpoint;
    this.#runner = runner;
    this.#guest = guest;
    this.vmid = guest.subject.slice('vmid:'.length);
  }

  run(argv: readonly string[]): Promise<CommandAnswer> {
    return this.#runner.run(argv, timeoutOf(this.#endpoint), this.#context.signal);
  }

  /** One layer: what a command printed, as facts. Null from `read`: the command did not do what it is for. */
  layer(
    probe: string,
    argv: readonly string[],
    read: (text: string, exit: number) => JsonObject | null,
  ): Promise<Observation> {
    const { subject, level } = this.#guest;
    return observe(
      this.#context,
      { probe, endpoint: this.#endpoint, subject, request: argv.join(' ') },
      async () => {
        const output = await this.run(argv);
        const { bytes, redactions } = redact(output.stdout);
        const raw = bytes.length === 0 ? null : this.#context.storeRaw(bytes, redactions, false);
        const ended = output.class === 'ok' || output.class === 'exit';
        const facts = ended ? read(Buffer.from(output.stdout).toString('utf8'), output.exit ?? -1) : null;
        if (facts === null)
          return {
            answer: makeAnswer(ended ? 'not-configured' : output.class, {}, [], {
              code: output.exit,
              detail: sanitiseLine(output.detail, 160),
            }),
            level: 'none' as const,
            raw,
          };
        return { answer: makeAnswer('ok', facts, [], { code: output.exit }), level, raw };
      },
    );
  }
}

/** The exit code of `find` when some of the paths are not there. */
const FIND_MISSED = 1;
const succeeded =
  (read: (text: string) => JsonObject) =>
  (text: string, exit: number): JsonObject | null =>
    exit === 0 ? read(text) : null;
const payload =
  (root: string) =>
  (text: string, exit: number): JsonObject | null =>
    exit === 0 || exit === FIND_MISSED ? { payload: [...readPayload(text, root)] } : null;
const used = succeeded((text) => ({ usedKib: readUsed(text) }));

/** Inside a container that runs. One after the other: each costs its host a process. */
async function inside(look: Look, keep: Keep): Promise<void> {
  const argv = (command: readonly string[]): readonly string[] =>
    fillCommand(['pct', 'exec', '{vmid}', '--', ...command], { vmid: look.vmid });
  const listeners = await look.layer(
    'pve-ct-listeners',
    argv(INSIDE.listeners),
    succeeded((text) => {
      const { all, others } = readListeners(text);
      return { listeners: all, others: others.map((one) => ({ ...one })) };
    }),
  );
  keep([listeners]);
  keep([
    await look.layer(
      'pve-ct-processes',
      argv(INSIDE.processes),
      succeeded((text) => {
        const { all, others } = readProcesses(text);
        return { processes: all, others: [...others] };
      }),
    ),
  ]);
  keep([
    await look.layer(
      'pve-ct-units',
      argv(INSIDE.units),
      succeeded((text) => ({ units: [...readUnits(text)] })),
    ),
  ]);
  keep([await look.layer('pve-ct-payload', argv(INSIDE.payload), payload(''))]);
  keep([await look.layer('pve-ct-disk', argv(INSIDE.disk), used)]);
}

/** The disk of a container that is stopped, where it is mounted on its host. */
async function below(look: Look, volume: string | null, keep: Keep): Promise<void> {
  if (volume === null || !fitsPlace('volume', volume)) return;
  const path = await look.run(fillCommand(BELOW.path, { volume }));
  if (path.class !== 'ok') return;
  const mounted = Buffer.from(path.stdout).toString('utf8').trim();
  // Anything else than the usual name of a mounted volume is left alone.
  if (!fitsPlace('mounted', mounted) || !mounted.includes(`/subvol-${look.vmid}-disk-`)) return;
  const places = { mounted };
  if ((await look.run(fillCommand(BELOW.mounted, places))).class !== 'ok') return;
  keep([await look.layer('pve-ct-payload', fillCommand(BELOW.payload, places), payload(mounted))]);
  keep([await look.layer('pve-ct-disk', fillCommand(BELOW.disk, places), used)]);
}

/** The volume that holds the root file system of a guest, by its configuration. */
async function rootVolume(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  guest: Observation,
  keep: Keep,
): Promise<string | null> {
  let config = gathered.find((one) => one.probe === 'pve-guest-config' && one.subject === guest.subject);
  if (config === undefined) {
    const asked = await guestConfig(context, endpoints, guest);
    keep(asked);
    config = asked[0];
  }
  const { rootVolume: volume } = config?.answer.facts ?? {};
  return typeof volume === 'string' ? volume : null;
}
