import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Step } from '../../src/model/index.ts';
import { attachmentOf, MAX_ATTACHED_BYTES } from '../../src/state/runs/run-attach.ts';
import { runbookStep } from '../evidence/make.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-attach-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const step: Step = runbookStep('one', { command: './run.sh', expectExit: 2 });
const attach = (text: string, exitCode: number | null = null, path: string | null = null) =>
  attachmentOf(step, 'book', 'here', { stepId: 'one', text, exitCode, path });

describe('what an operator attaches', () => {
  it('proves nothing about the subject, and says how the command ended', async () => {
    const { observation } = await attach('done\n', 2);
    expect(observation).toMatchObject({
      probe: 'attached-output',
      subject: 'program:book',
      level: 'none',
      request: './run.sh',
      answer: { class: 'exit', code: 2, facts: { lines: 1 }, checks: [{ id: 'exit-code', result: 'pass' }] },
      raw: { bytes: 5, truncated: false, redactions: [] },
    });
    expect((await attach('', 0)).observation).toMatchObject({
      raw: null,
      answer: { checks: [{ result: 'fail' }] },
    });
    await expect(attach('')).rejects.toThrow(/nothing to attach/);
  });

  it.each([
    ['DB_PASSWORD=hunter2 next', 'setting'],
    ['api_key: hunter2', 'setting'],
    ['mysql --password hunter2', 'argument'],
    ['psql postgres://me:hunter2@db/x', 'url-user'],
    ['Authorization: Bearer hunter2hunter2', 'bearer'],
    ['-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----', 'private-key'],
    ['DB_PASSWORD="correct horse hunter2"', 'setting'],
    ["DB_PASSWORD='correct horse hunter2' next", 'setting'],
    ["{'token': 'a hunter2'}", 'setting'],
    ['TOKEN="[redacted] hunter2"', 'setting'],
    ['mysql --password "two hunter2"', 'argument'],
    ['{"access_token":"hunter2"}', 'password-field'],
    ['{"privateKey":"0xhunter2"}', 'password-field'],
    ['"NODE_PASSWORD": "hunter2"', 'password-field'],
    ['{"password":"ab\\"cd-hunter2"}', 'password-field'],
    ['Authorization: Basic hunter2=', 'authorization'],
    ['-H "authorization: Token hunter2"', 'authorization'],
    ['{"log":"line\\neyJhbGciOiJIUzI1NiJ9.eyJodW50ZXIyIjoxfQ.hunter2"}', 'jwt'],
  ])('keeps no secret of %j, and names the rule', async (text, rule) => {
    const { observation, bytes } = await attach(`before\n${text}\nafter\n`);
    expect(Buffer.from(bytes).toString()).not.toContain('hunter2');
    expect(Buffer.from(bytes).toString()).toMatch(/^before\n[\s\S]*after\n$/);
    expect(observation.raw?.redactions).toContainEqual({ rule, count: 1 });
  });

  it('takes all behind the beginning of a key for the key when its end is missing', async () => {
    const { bytes } = await attach('before\n-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\nhunter2');
    expect(Buffer.from(bytes).toString()).toBe('before\n[redacted]');
  });

  // What takes a time that grows with the square of the length takes hours for these.
  it.each([
    'eyJaaaaaaaa',
    'eyJaaaaaaaa.',
    'eyJ',
    '-eyJ',
    'Bearer ',
    'authorization: Basic ',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN ',
    '"token',
    '"token":"',
    'TOKEN',
    'TOKEN ',
    'token="',
    "--token '",
    'a-',
    'a://',
    'a://b:',
    'a',
    ' ',
    '\\',
  ])(
    'is done with megabytes of %j',
    async (part) => {
      const { observation } = await attach(part.repeat(Math.ceil((4 * 1024 * 1024) / part.length)));
      expect(observation.raw).not.toBeNull();
    },
    60_000,
  );

  it('keeps the end of what is too long, bytes as they are, and says what can not be read', async () => {
    const path = join(folder, 'out.bin');
    writeFileSync(
      path,
      Buffer.concat([Buffer.alloc(MAX_ATTACHED_BYTES, 0x61), Buffer.from([0xff, 0x00, 0x1b])]),
    );
    const { observation, bytes } = await attach('', null, path);
    expect(observation.raw).toMatchObject({ truncated: true, bytes: MAX_ATTACHED_BYTES });
    expect([...bytes.subarray(-3)]).toEqual([0xff, 0x00, 0x1b]);
    expect(observation.answer.facts.name).toBe('out.bin');
    await expect(attach('', null, join(folder, 'none'))).rejects.toThrow(/there is no file/);
    await expect(attach('', null, folder)).rejects.toThrow(/can not be read/);
  });
});
