import { expect, it } from 'vitest';
import { soak } from '../../scripts/soak.ts';

it('a watch in compressed time leaves memory, timers and listeners as they were (npm run soak: an hour at 10,000 guests)', async () => {
  const { samples, growth, pressed } = await soak(200, 480, 40);
  expect(samples.length).toBeGreaterThan(20);
  expect(new Set(samples.map((one) => one.phase)).size).toBeGreaterThan(4);
  expect(pressed).toBeGreaterThan(20);
  expect(growth.heap).toBeLessThan(1.3);
  expect(growth.timers).toBeLessThanOrEqual(1.5);
  expect(growth.listeners).toBe(1);
}, 120_000);
