import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Journal } from '../../../src/evidence/journal/journal.ts';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import { EXIT } from '../../../src/evidence/verify/verify-report.ts';
import { confirmBody, put, runbookStep, startSession } from '../make.ts';
import { FULL } from './story.ts';

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** A racer in a process of its own, asked and answered line by line. */
class Racer {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const script = join(import.meta.dirname, 'race-child.ts');
    this.child = spawn(process.execPath, ['--import', loader, script], { stdio: ['pipe', 'pipe', 'ignore'] });
    if (this.child.stdout === null) throw new Error('the racer has no output');
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  say(text: string): void {
    this.child.stdin?.write(`${text}\n`);
  }

  async heard(): Promise<string> {
    const { value } = (await this.#lines.next()) as { value: string };
    return value;
  }
}

describe('D6: two writers', () => {
  test('of two processes that race for a lock exactly one wins, time after time', async () => {
    const races = FULL ? 1_000 : 100;
    const folder = mkdtempSync(join(tmpdir(), 'c138-races-'));
    const racers = [new Racer(), new Racer()];
    let doubles = 0;
    let nobody = 0;
    try {
      for (const racer of racers) await racer.heard();
      for (let race = 0; race < races; race += 1) {
        const place = join(folder, String(race % 7));
        mkdirSync(place, { recursive: true });
        for (const racer of racers) racer.say(place);
        const said = await Promise.all(racers.map((racer) => racer.heard()));
        const won = said.filter((word) => word === 'won').length;
        if (won > 1) doubles += 1;
        if (won === 0) nobody += 1;
        for (const racer of racers) racer.say('release');
        await Promise.all(racers.map((racer) => racer.heard()));
        expect(readdirSync(place).filter((name) => name.startsWith('journal.lock'))).toHaveLength(1);
      }
      console.info(`D6: ${races} races, ${doubles} with two winners, ${nobody} with none`);
      expect([doubles, nobody]).toEqual([0, 0]);
    } finally {
      for (const racer of racers) racer.child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  }, 600_000);

  test('a forced fork is always reported, whichever copy is looked at first', async () => {
    const forks = FULL ? 100 : 10;
    for (let n = 0; n < forks; n += 1) {
      const steps = [runbookStep('one'), runbookStep('two')];
      const made = await startSession({ steps });
      const copy = join(made.root, 'copy');
      try {
        const [one, two] = steps as [(typeof steps)[0], (typeof steps)[0]];
        await put(made.journal, confirmBody(made.journal, one, { note: 'before' }));
        await made.journal.close();
        spawnSync('cp', ['-a', made.dir, copy]);
        for (const [dir, note] of [
          [made.dir, 'here'],
          [copy, 'there'],
        ] as const) {
          const { journal } = await Journal.recover({ dir, mirror: null });
          await put(journal, confirmBody(journal, two, { note }));
          await journal.close();
        }
        for (const [first, second] of [
          [made.dir, copy],
          [copy, made.dir],
        ] as const) {
          const report = await verifySession(first, { trust: made.trust, second });
          expect(report.exitCode).toBe(EXIT.fork);
        }
      } finally {
        made.clean();
      }
    }
    console.info(`D6: ${forks} forks, all reported`);
  }, 600_000);
});
