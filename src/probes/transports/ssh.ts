import type { Endpoint } from '../../model/index.ts';
import { assertCommand } from '../allow-list.ts';
import { type ProbeContext, timeoutOf } from '../context.ts';
import { Gates } from '../gate.ts';
import { SshConfigError, type SshTarget, sshTarget } from '../ssh/ssh-target.ts';
import { type CommandAnswer, type CommandRunner, notRun } from './command.ts';
import { type JumpHost, sshConnect } from './ssh-connect.ts';
import { SshSession } from './ssh-session.ts';

/** Channels open at a time on one host; OpenSSH allows ten to a connection (MaxSessions). */
const MAX_CHANNELS = 8;
/** Logins under way at a time on one host; OpenSSH begins to drop them at ten (MaxStartups). */
const MAX_LOGINS = 3;
/** A connection that nobody uses is kept this long unless somebody wants it longer, in milliseconds. */
const LINGER_MS = 250;

const channels = new Gates(MAX_CHANNELS);
const logins = new Gates(MAX_LOGINS);

interface Kept {
  readonly session: Promise<SshSession | CommandAnswer>;
  users: number;
  timer: NodeJS.Timeout | null;
}

const kept = new Map<string, Kept>();

/**
 * Runs commands on the host of an endpoint. Connections are shared between all who ask the same host as the same user, jump hosts
 * included, and are closed when nobody used them for a while.
 */
export function sshRunner(context: Pick<ProbeContext, 'keepSshMs'>, endpoint: Endpoint): CommandRunner {
  return {
    async run(argv, timeoutMs, signal) {
      assertCommand(argv);
      let target: SshTarget;
      try {
        target = await sshTarget(endpoint);
      } catch (error) {
        if (error instanceof SshConfigError) return notRun('not-configured', error.message);
        throw error;
      }
      for (let again = true; ; again = false) {
        const lease = await borrow(target, timeoutOf(endpoint), context.keepSshMs ?? LINGER_MS, signal);
        const { session } = lease;
        try {
          if (session instanceof SshSession) {
            // A connection that ended while nobody used it is no answer of the host.
            if (session.alive || !again) return await session.run(argv, timeoutMs, signal);
          } else if (session.class !== 'aborted' || signal.aborted || !again) return session;
        } finally {
          lease.giveBack();
        }
      }
    },
  };
}

/** Closes every connection, at the end of all asking. */
export async function closeSsh(): Promise<void> {
  const all = [...kept.values()];
  kept.clear();
  await Promise.all(
    all.map(async (one) => {
      if (one.timer !== null) clearTimeout(one.timer);
      const session = await one.session;
      if (session instanceof SshSession) session.close();
    }),
  );
}

interface Lease {
  readonly session: SshSession | CommandAnswer;
  giveBack(): void;
}

async function borrow(
  target: SshTarget,
  timeoutMs: number,
  lingerMs: number,
  signal: AbortSignal,
): Promise<Lease> {
  const key = keyOf(target);
  let entry = kept.get(key);
  if (entry === undefined) {
    const made: Kept = { session: open(target, key, timeoutMs, lingerMs, signal), users: 0, timer: null };
    entry = made;
    kept.set(key, made);
    // A login that failed is tried anew by whoever asks next.
    void made.session.then((session) => {
      if (!(session instanceof SshSession) && kept.get(key) === made) kept.delete(key);
    });
  }
  const { session } = entry;
  const held = entry;
  held.users += 1;
  if (held.timer !== null) clearTimeout(held.timer);
  held.timer = null;
  const giveBack = (): void => {
    held.users -= 1;
    if (held.users > 0) return;
    held.timer = setTimeout(() => {
      if (kept.get(key) === held) kept.delete(key);
      void session.then((one) => one instanceof SshSession && one.close());
    }, lingerMs);
  };
  return { session: await session, giveBack };
}

async function open(
  target: SshTarget,
  key: string,
  timeoutMs: number,
  lingerMs: number,
  signal: AbortSignal,
): Promise<SshSession | CommandAnswer> {
  let jump: JumpHost | null = null;
  let leaveJump = (): void => undefined;
  if (target.jump !== null) {
    const lease = await borrow(target.jump, timeoutMs, lingerMs, signal);
    if (!(lease.session instanceof SshSession)) {
      lease.giveBack();
      return { ...lease.session, detail: `jump host ${target.jump.name}: ${lease.session.detail}` };
    }
    jump = lease.session;
    leaveJump = lease.giveBack;
  }
  const place = `${target.jump === null ? '' : `${keyOf(target.jump)} `}${target.host} ${target.port}`;
  const leave = await logins.of(place).enter();
  try {
    const client = await sshConnect(target, jump, timeoutMs, signal);
    if ('class' in client) {
      leaveJump();
      return client;
    }
    return new SshSession(client, target.name, channels.of(place), () => {
      leaveJump();
      const entry = kept.get(key);
      if (entry !== undefined)
        void entry.session.then(
          (one) => one instanceof SshSession && !one.alive && kept.get(key) === entry && kept.delete(key),
        );
    });
  } finally {
    leave();
  }
}

/** Who asks whom by which way: connections are shared when all of it is the same. */
function keyOf(target: SshTarget): string {
  const { jump, ...own } = target;
  return JSON.stringify([own, jump === null ? null : keyOf(jump)]);
}
