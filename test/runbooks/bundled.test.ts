import { describe, expect, it } from 'vitest';
import { bundledRunbooks } from '../../src/runbooks/index.ts';
import { run } from '../cli/run.ts';

const all = await bundledRunbooks();
const steps = all.flatMap(({ runbook }) => runbook.steps.map((step) => ({ runbook, step })));

/** What the issue of these runbooks asks for, by their ids. */
const WANTED =
  'phase3-follow-ups execution-directives production-gate besu-stall besu-upgrade validator-admission validator-removal validator-key-rotation firefly-secondary placeholder-activation ssh-host-key-changed duplicate-addresses restore-drill key-ceremony lost-passphrase compromised-key';

/** Scripts that the operators' public documents name. Nobody makes up another. */
const SCRIPTS = new Set(
  `scripts/verify/run-phase1-discovery.sh scripts/verify/run-dbis-phase3-e2e-simulation.sh scripts/docs/generate-dbis-node-role-matrix-md.sh
  scripts/verify/check-cluster-besu-inventory.sh scripts/verify/verify-static-permissions-on-all-besu-nodes.sh scripts/verify/check-chain138-rpc-health.sh
  scripts/verify/verify-end-to-end-routing.sh scripts/verify/check-dbis-rtgs-control-plane.sh scripts/verify/check-dbis-rtgs-later-phase-sidecars.sh
  scripts/verify/validate-relay-profiles.sh scripts/verify/diagnose-cw-mesh-ccip-relay.sh scripts/verify/refresh-proxmox-host-key-r630-04.sh`.split(
    /\s+/,
  ),
);

describe('the bundled runbooks', () => {
  it('are those that were asked for, each with a way back', () => {
    expect(all.map((one) => one.runbook.id).sort()).toEqual(WANTED.split(' ').sort());
    for (const { runbook } of all)
      expect(
        runbook.steps.some((one) => one.onFailure.action === 'back-out'),
        runbook.id,
      ).toBe(true);
  });

  it("name no script but those of the operators' documents, and no owner", () => {
    for (const { runbook, step } of steps) {
      const text = `${step.instructions} ${step.command ?? ''}`;
      for (const [path] of text.matchAll(/scripts\/[\w./-]*\w/g))
        expect(SCRIPTS, `${runbook.id} ${step.id}`).toContain(path);
      expect(text, `${runbook.id} ${step.id}`).not.toMatch(
        /\bowned by\b|\b\d{1,3}(\.\d{1,3}){3}\b(?<!127\.0\.0\.1)/,
      );
    }
  });

  it('name only commands of c138 that there are', async () => {
    const named = new Set(
      steps.flatMap(({ step }) =>
        [
          ...`${step.instructions}\n${step.command ?? ''}`.matchAll(
            /\bc138 ((?:[a-z]+)(?: (?:lint|verify|export|show|add|revoke|new))?)/g,
          ),
        ].map((one) => one[1] ?? ''),
      ),
    );
    const commands = [...named].filter((one) =>
      /^(chain|discover|doctor|evidence|gate|key|phase3|report|trust)\b/.test(one),
    );
    expect(commands.length).toBeGreaterThan(5);
    for (const one of commands) {
      const { code, err } = await run([...one.split(' '), '--help']);
      expect(code, `c138 ${one}: ${err}`).toBe(0);
    }
  });

  it('ask for every reading where a step can be confirmed about the chain, and touch validators one at a time', () => {
    for (const { runbook, step } of steps.filter((one) => one.step.subject === 'chain:138'))
      expect(step.gates.length, `${runbook.id} ${step.id}`).toBeGreaterThan(0);
    for (const id of ['besu-upgrade', 'besu-stall'])
      expect(
        steps
          .filter((one) => one.runbook.id === id)
          .some(({ step }) => /one at a time/i.test(`${step.title} ${step.instructions}`)),
        id,
      ).toBe(true);
  });
});
