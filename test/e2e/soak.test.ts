import { expect, it } from 'vitest';
import { soak } from '../../scripts/soak.ts';

it('a watch in compressed time leaves memory, timers and listeners as they were (npm run soak: an hour at 10,000 guests)', async () => {
  const { samples, growth, pressed } = await soak(150, 480, 32);
  // A busy machine takes fewer samples and sees fewer changes, never none.
  expect(samples.length).toBeGreaterThan(6);
  expect(new Set(samples.map((one) => one.phase)).size).toBeGreaterThan(2);
  expect(pressed).toBeGreaterThan(20);
  expect(growth.heap).toBeLessThan(1.4);
  expect(growth.timers).toBeLessThanOrEqual(2);
  expect(growth.listeners).toBe(1);
}, 120_000);
