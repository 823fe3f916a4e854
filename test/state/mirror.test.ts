import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import { runsAt, sign } from './runs-at.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'c138-mirror-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const RUNBOOK = 'lost-passphrase';
const journalOf = (dir: string): string => readFileSync(join(dir, 'journal.jsonl'), 'utf8');
const answer = { verdict: 'confirmed', note: 'seen' } as const;

/** Two machines with state of their own, and a mirror that both can reach. */
function places(name: string) {
  const mirror = join(root, name, 'mirror');
  mkdirSync(mirror, { recursive: true });
  return { mirror, one: join(root, name, 'one'), two: join(root, name, 'two') };
}

describe('a mirror that fails', () => {
  it('stops the run until the operator mends it, or goes on on one copy by a signed record with a reason', async () => {
    const { mirror, one } = places('fails');
    const { runs, trust, evidenceDir, log } = await runsAt(one, { estate: { mirror } });
    const opened = await runs.openRun(RUNBOOK);
    const begun = await sign(runs, { kind: 'begin', session: opened.session });
    expect(journalOf(join(mirror, readdirSync(mirror)[0] ?? ''))).toBe(journalOf(begun.path));

    expect(log).toEqual([]);
    renameSync(mirror, `${mirror}-gone`);
    expect(await runs.sessions()).toHaveLength(1);
    expect(log.at(-1)).toMatch(/the mirror .* can not be looked at \(ENOENT\); sessions that only it holds/);
    const step = begun.current ?? '';
    await expect(
      sign(runs, { kind: 'confirm', session: begun.session, stepId: step, ...answer }),
    ).rejects.toThrow(/the mirror in .* can not be written/);
    // Nothing was acknowledged, and nothing more is taken.
    await expect(
      sign(runs, { kind: 'confirm', session: begun.session, stepId: step, ...answer }),
    ).rejects.toThrow(/on one copy, which the record will say/);
    await expect(runs.resumeRun(begun.session)).rejects.toThrow(/the mirror .* can not be used/);

    const alone = await runs.resumeRun(begun.session, true);
    expect(alone.oneCopy).toBe(mirror);
    await expect(sign(runs, { kind: 'begin', session: begun.session })).rejects.toThrow(/wants a reason/);
    const resumed = await sign(runs, {
      kind: 'begin',
      session: begun.session,
      note: 'the NFS server is down',
    });
    const last = JSON.parse(journalOf(resumed.path).trimEnd().split('\n').at(-1) ?? '');
    expect(last.body.kind).toBe('resume');
    expect(last.body.actor.person).toBe('anna');
    expect(last.body.resume.note).toMatch(
      /on one copy, without the mirror .*Accepted: the NFS server is down/,
    );
    const more = await sign(runs, { kind: 'note', session: begun.session, stepId: null, note: 'went on' });
    await runs.close();

    // The mirror is back: the copy that is behind is brought level, and the run goes on in two copies.
    renameSync(`${mirror}-gone`, mirror);
    const again = await runsAt(one, { estate: { mirror }, trust });
    await again.runs.resumeRun(begun.session);
    await sign(again.runs, { kind: 'begin', session: begun.session });
    await again.runs.close();
    const [name = ''] = readdirSync(evidenceDir);
    expect(journalOf(join(mirror, name))).toBe(journalOf(join(evidenceDir, name)));
    expect(more.records).toBeLessThan(journalOf(join(mirror, name)).split('\n').length);
    const report = await verifySession(join(mirror, name), { trust });
    expect(report.exitCode).toBe(10);
  });

  it('when it is missing at the beginning is said, and nothing is begun', async () => {
    const { mirror, one } = places('missing');
    rmSync(mirror, { recursive: true });
    const { runs } = await runsAt(one, { estate: { mirror } });
    const opened = await runs.openRun(RUNBOOK);
    await expect(sign(runs, { kind: 'begin', session: opened.session })).rejects.toThrow(/the mirror/);
    await runs.close();
  });
});

describe('the mirror on another machine', () => {
  it('is gone on from, raw answers and all, by a signed record that says so', async () => {
    const { mirror, one, two } = places('moves');
    const first = await runsAt(one, { estate: { mirror } });
    const opened = await first.runs.openRun(RUNBOOK);
    const begun = await sign(first.runs, { kind: 'begin', session: opened.session });
    await first.runs.attach(begun.session, {
      stepId: begun.current ?? '',
      exitCode: 0,
      text: 'output of a command elsewhere',
      path: null,
    });
    await first.runs.close();
    rmSync(one, { recursive: true });

    const second = await runsAt(two, { estate: { mirror }, trust: first.trust });
    expect(await second.runs.sessions()).toMatchObject([{ session: begun.session, mirrorOnly: true }]);
    await second.runs.resumeRun(begun.session);
    await sign(second.runs, { kind: 'begin', session: begun.session });
    expect(await second.runs.sessions()).toMatchObject([{ session: begun.session, mirrorOnly: false }]);
    await second.runs.close();

    const [name = ''] = readdirSync(second.evidenceDir);
    const here = join(second.evidenceDir, name);
    expect(journalOf(here)).toBe(journalOf(join(mirror, name)));
    expect(readdirSync(join(here, 'blobs'))).toEqual(readdirSync(join(mirror, name, 'blobs')));
    expect(readdirSync(join(here, 'blobs'))).toHaveLength(1);
    const resume = JSON.parse(journalOf(here).trimEnd().split('\n').at(-1) ?? '').body;
    expect(resume.resume.from_mirror).toBe(true);
    expect((await verifySession(here, { trust: first.trust, second: join(mirror, name) })).exitCode).toBe(10);
  });
});
