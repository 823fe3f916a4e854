import { afterAll, afterEach } from 'vitest';

/** Inside a `describe`: prints how many of its cases ran and how many of them failed, under the id of the suite. */
export function printCount(id: string, what: string): void {
  let ran = 0;
  let failed = 0;
  afterEach(({ task }) => {
    ran += 1;
    if (task.result?.state === 'fail') failed += 1;
  });
  afterAll(() => console.log(`${id}: ${ran} ${what}, ${failed} failed`));
}
