import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import { type Made, sealedSession } from './make.ts';

const refused = vi.hoisted(() => ({ path: '' }));
// The rights of a folder mean nothing to root, who may well run these tests.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    readdir: (path: string) =>
      path === refused.path
        ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'scandir' }))
        : real.readdir(path),
  };
});

let made: Made;
const added: string[] = [];
beforeAll(async () => {
  made = await sealedSession();
});
afterEach(() => {
  refused.path = '';
  for (const path of added.splice(0)) rmSync(path);
});
afterAll(() => made.clean());

function add(name: string, bytes: number): void {
  const path = join(made.dir, name);
  const file = openSync(path, 'w');
  ftruncateSync(file, bytes);
  closeSync(file);
  added.push(path);
}

const outcome = async () => {
  const { exitCode, findings } = await verifySession(made.dir, { trust: made.trust });
  return { exitCode, text: findings.at(-1)?.text };
};

test('a folder of raw answers that can not be read is no empty one', async () => {
  expect((await outcome()).exitCode).toBe(0);
  refused.path = join(made.dir, 'blobs');
  expect(await outcome()).toEqual({
    exitCode: 50,
    text: expect.stringMatching(/blobs cannot be read \(EACCES\)/),
  });
});

test('a trust store beyond its limit is not read', async () => {
  add(`trust-${'0'.repeat(64)}.json`, 1_048_577);
  expect(await outcome()).toEqual({ exitCode: 50, text: expect.stringMatching(/at most 1048576 are read/) });
});

test('what lies beside the journal is read up to a number of files', async () => {
  for (let number = 0; number < 201; number += 1) add(`countersign-${number}.json`, 0);
  expect(await outcome()).toEqual({
    exitCode: 50,
    text: expect.stringMatching(/holds more than 200 counter/),
  });
});

test('what lies beside the journal is read up to a size of all together', async () => {
  for (let number = 0; number < 17; number += 1)
    add(`${String(number).padStart(64, '0')}.tsr`, 4 * 1024 * 1024);
  expect(await outcome()).toEqual({
    exitCode: 50,
    text: expect.stringMatching(/more than 67108864 bytes together/),
  });
});
