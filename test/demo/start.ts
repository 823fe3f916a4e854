import { SCENARIOS } from '../../src/demo/scenarios.ts';

export { type Demo, startDemo } from '../../src/demo/start.ts';
export const SCENARIOS_FOR_TESTS = SCENARIOS.map((one) => one.name);
