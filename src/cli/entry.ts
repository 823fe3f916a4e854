import { flushCompileCache } from 'node:module';
import { ENDED_HARD } from './io.ts';
import { main } from './main.ts';

/** The first lines of the program, before any argument is looked at. */
async function start(): Promise<void> {
  Object.assign(process.env, { NODE_ENV: 'production' });
  // A listener keeps Node.js from opening its debugger port on this signal.
  process.on('SIGUSR1', () => undefined);
  if (process.channel) {
    // Whoever started this process is gone, however that came: leave as if the terminal had been closed.
    process.on('disconnect', () => process.kill(process.pid, 'SIGHUP'));
    process.channel.unref();
  }
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader has left, for example `c138 discover | head`.
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    });
  setTimeout(flushCompileCache, 5_000).unref();
  const code = await main(process.argv.slice(2));
  if (code === ENDED_HARD) process.kill(process.pid, 'SIGKILL');
  process.exitCode = code;
  // Nothing should be left to wait for; if a handle of a library is, it does not hold the shell up.
  setTimeout(() => leave(code), 1_000).unref();
}

/** Ends the process. Node.js would wait for a call to a file system that does not answer; what there is to say of it was said. */
function leave(code: number): void {
  if (process.getActiveResourcesInfo().some((what) => what.startsWith('FSReq')))
    process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

start().catch((error: unknown) => {
  process.stderr.write(`c138: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
