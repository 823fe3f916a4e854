import { spawn } from 'node:child_process';
import { sanitiseLine } from '../../model/index.ts';
import { assertCommand, LOCAL_PROGRAMS, NotAllowedError } from '../allow-list.ts';
import { type CommandAnswer, type CommandRunner, MAX_OUTPUT, MAX_STDERR, notRun } from './command.ts';

const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs listed commands on this machine, without a shell and with an environment of its own.
 * @param folder looked into before the system's own folders
 */
export function localRunner(folder: string | null): CommandRunner {
  const path = folder === null ? SYSTEM_PATH : `${folder}:${SYSTEM_PATH}`;
  return {
    run(argv, timeoutMs, signal) {
      assertCommand(argv);
      const [program, ...args] = argv;
      if (program === undefined || !LOCAL_PROGRAMS.includes(program))
        throw new NotAllowedError(`${program} is not on the list of programs that run on this machine`);
      if (signal.aborted) return Promise.resolve(notRun('aborted', 'stopped before asking'));
      return new Promise((resolve) => run(program, args, { path, timeoutMs, signal }, resolve));
    },
  };
}

function run(
  program: string,
  args: readonly string[],
  options: { readonly path: string; readonly timeoutMs: number; readonly signal: AbortSignal },
  resolve: (answer: CommandAnswer) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let stderr = '';
  // A group of its own, so that what the program started ends with it.
  const child = spawn(program, args, {
    env: { PATH: options.path, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    detached: true,
  });
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  };
  let settled = false;
  const finish = (answer: CommandAnswer, ended = false): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    options.signal.removeEventListener('abort', onAbort);
    if (!ended) kill();
    child.stdout.destroy();
    child.stderr.destroy();
    resolve(answer);
  };
  const onAbort = (): void => finish(notRun('aborted', `stopped while ${program} ran`));
  const timer = setTimeout(
    () => finish(notRun('timeout', `no end of ${program} within ${options.timeoutMs} ms`)),
    options.timeoutMs,
  );
  options.signal.addEventListener('abort', onAbort, { once: true });
  child.on('error', (error: NodeJS.ErrnoException) =>
    finish(
      error.code === 'ENOENT'
        ? notRun('not-configured', `there is no ${program} on this machine; this is no Proxmox node`)
        : notRun('not-allowed', `${program} cannot be run here: ${error.code ?? 'error'}`),
    ),
  );
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT) finish(notRun('too-large', `the output of ${program} is too large`));
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < MAX_STDERR) stderr += chunk.toString('utf8');
  });
  child.on('close', (exit) => {
    const good = exit === 0;
    const words = sanitiseLine(stderr.split('\n')[0] ?? '', 160);
    const answer = { exit, stdout: Buffer.concat(chunks), stderr };
    if (good) finish({ ...answer, class: 'ok', detail: '' }, true);
    else
      finish(
        {
          ...answer,
          class: 'exit',
          detail: `${program} ended with ${exit ?? 'a signal'}${words === '' ? '' : `: ${words}`}`,
        },
        true,
      );
  });
}
