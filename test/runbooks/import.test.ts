import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileRunbook, ImportError, importMarkdown } from '../../src/runbooks/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const steps = (document: string) =>
  compileRunbook(importMarkdown(document, 'made').yaml, 'made.yaml').runbook.steps.map((one) => ({
    title: one.title,
    command: one.command,
    expected: one.expected,
    instructions: one.instructions,
    backOut: one.backOut,
    leads: one.onFailure.step,
  }));

/** In the manner of a cluster operator's task page: front matter, sections, prompts with their output. */
const CLUSTER = `---
title: Replace a worker
---
# Replace a worker

This page shows how to take a worker out of service.

> **Note:** pods without a controller are lost.

## Before you begin

You need access to the control plane.

## Drain the node

List the nodes first:

\`\`\`shell
$ clusterctl get nodes
NAME      STATUS
worker-1  Ready
$ clusterctl drain worker-1 \\
    --ignore-daemonsets
\`\`\`

The output is similar to:

\`\`\`
node/worker-1 drained
\`\`\`

## Remove it

~~~bash
clusterctl delete node worker-1
touch ${folder}/ran
~~~

Verify that the node is gone.

## Roll back

\`\`\`sh
clusterctl uncordon worker-1
\`\`\`
`;

/** In the manner of a change template on a forge: boxes, quick actions, comments, a table. */
const CHANGE = `# Production Change

<!-- Please fill in
- [ ] nothing of this is a step
-->

### Change Summary

Move the edge to a new address.

| who | when |
|-----|------|
| me  | now  |

## Steps

### Pre-checks
- [ ] Set label ~"change::in-progress" with \`/label ~change\`
- [x] Announce it in the [channel](https://chat.example/ops)
  - ask for objections
  - wait for five minutes

### Change
1. Stop the old edge

   \`\`\`
   sudo systemctl stop edge
   \`\`\`

   Expected: it says *inactive*.
2. Start the new one
   with the new address:

       sudo systemctl start edge-new

### Rollback
- [ ] Start the old edge again
  \`\`\`
  sudo systemctl start edge
  \`\`\`

/assign me
`;

/** In the manner of a client's how-to: numbers over a line, two commands in one section, JSON that is shown. */
const CLIENT = `Upgrade your node
=================

1. Stop the client
------------------

Send it a signal and wait.

    client --stop

2. Change the configuration
---------------------------

\`\`\`toml
data-path="/data"
\`\`\`

\`\`\`bash
client validate-config --config-file={{config}}
\`\`\`

\`\`\`bash
client --config-file={{config}}
\`\`\`

3. Look at the head
-------------------

\`\`\`bash
curl -X POST --data '{"method":"eth_blockNumber"}' localhost:8545
\`\`\`

\`\`\`json
{ "result": "0x10" }
\`\`\`
`;

/** In the manner of a documentation site with shortcodes: admonitions, headings and files by name, tabs that are code. */
const SHORTCODES = `---
title: "Move a member"
weight: 30
---

<!-- overview -->

This page shows how to move one member.

{{< caution >}}
Take a backup of the key store. **There is no undo.**
{{< /caution >}}

## {{% heading "prerequisites" %}}

{{< include "tutorial.md" >}} {{< version-check >}}

<!-- steps -->

## Take the member out

1. List the members:

   \`\`\`shell
   ctl members list
   \`\`\`

   The output is similar to this:

   \`\`\`
   NAME   STATE
   m1     ready
   \`\`\`

1. Remove it:

   \`\`\`shell
   ctl members remove m1
   \`\`\`

   {{< note >}}
   The quorum changes at once.
   {{< /note >}}

1. Apply the manifest:

   {{% code_sample file="members/m2.yaml" %}}

   \`\`\`shell
   ctl apply -f m2.yaml
   \`\`\`

## Look at it

{{< tabs name="looking" >}}
{{< tab name="Bash" codelang="bash" >}}
ctl members list
{{< /tab >}}
{{< tab name="Shell of Windows" codelang="powershell" >}}
ctl.exe members list
{{< /tab >}}
{{< /tabs >}}

## {{% heading "whatsnext" %}}

* Read about [members](/docs/members/).
`;

/** In the manner of a client's documentation site with components: admonitions with colons, tabs, one request in several ways. */
const COMPONENTS = `---
title: Vote a signer in
sidebar_position: 3
---

import Tabs from '@theme/Tabs';
import TabItem from '@theme/TabItem';

# Vote a signer in

:::warning

Never change more than one at a time.

:::

## Steps

### 1. Start the node

<Tabs>
<TabItem value="unix" label="Linux">

\`\`\`bash
client --config-file=config.toml
\`\`\`

</TabItem>
<TabItem value="win" label="Windows">

\`\`\`bash
client.bat --config-file=config.toml
\`\`\`

</TabItem>
</Tabs>

### 2. Propose

<!--tabs-->

# curl HTTP request

\`\`\`bash title="Propose"
curl -X POST --data '{"method":"vote"}' http://127.0.0.1:8545
\`\`\`

# JSON result

\`\`\`json
{ "result": true }
\`\`\`

<!--/tabs-->

:::note
A vote is valid for one epoch.
:::

### 3. Count the votes

Call \`vote_pending\` on every node.

\`\`\`js
{"jsonrpc":"2.0"}
\`\`\`
`;

describe('importing Markdown', () => {
  it('takes shortcodes for what they say: notes, files and tabs; warnings of an introduction stand in the first step', () => {
    const made = steps(SHORTCODES);
    expect(importMarkdown(SHORTCODES, 'made').yaml).toMatch(/^title: Move a member$/m);
    expect(made.map((one) => [one.title, one.command])).toEqual([
      ['List the members:', 'ctl members list'],
      ['Remove it:', 'ctl members remove m1'],
      ['Apply the manifest:', 'ctl apply -f m2.yaml'],
      ['Look at it, Bash', 'ctl members list'],
      ['Look at it, Shell of Windows', 'ctl.exe members list'],
    ]);
    expect(made[0]?.instructions).toMatch(/Caution: Take a backup of the key store\. There is no undo\./);
    expect(made[0]?.expected).toMatch(/NAME +STATE \| m1 +ready/);
    expect(made[1]?.instructions).toMatch(/Note: The quorum changes at once\.$/);
    expect(made[2]?.instructions).toContain('see the file members/m2.yaml');
    expect(JSON.stringify(made)).not.toMatch(/\{\{|include|version-check/);
    expect(importMarkdown(SHORTCODES, 'made').remarks).toEqual([
      expect.stringMatching(/^line 5\d: one of several ways \("Bash"\): keep the step that fits$/),
      expect.stringMatching(/^line 5\d: one of several ways \("Shell of Windows"\)/),
      expect.stringMatching(/^line 6\d: the section "What's next" leads elsewhere and makes no step$/),
    ]);
  });

  it('takes components for what they say: admonitions, ways to choose from, requests with their answers', () => {
    const made = steps(COMPONENTS);
    expect(made.map((one) => [one.title, one.command])).toEqual([
      ['1. Start the node, Linux', 'client --config-file=config.toml'],
      ['1. Start the node, Windows', 'client.bat --config-file=config.toml'],
      ['2. Propose, curl HTTP request', `curl -X POST --data '{"method":"vote"}' http://127.0.0.1:8545`],
      ['3. Count the votes', null],
    ]);
    expect(made[0]?.instructions).toMatch(/Caution: Never change more than one at a time\./);
    expect(made[2]).toMatchObject({
      instructions: expect.stringMatching(/Note: A vote is valid for one epoch\./),
      expected: expect.stringContaining('"result": true'),
    });
    expect(made[3]?.instructions).toMatch(
      /Call vote_pending on every node\. Shown in the document: \{"jsonrpc"/,
    );
    expect(JSON.stringify(made)).not.toMatch(/:::|TabItem|@theme/);
    const { remarks } = importMarkdown(COMPONENTS, 'made');
    expect(remarks.filter((one) => one.includes('keep the step that fits'))).toHaveLength(3);
  });

  it('takes sections with prompts and output in order', () => {
    const made = steps(CLUSTER);
    expect(made.map((one) => [one.title, one.command])).toEqual([
      ['Drain the node', 'clusterctl get nodes\nclusterctl drain worker-1 \\\n    --ignore-daemonsets'],
      ['Remove it', `clusterctl delete node worker-1\ntouch ${folder}/ran`],
      ['Roll back', 'clusterctl uncordon worker-1'],
    ]);
    expect(made[0]?.expected).toMatch(/NAME +STATUS \| worker-1 +Ready.*node\/worker-1 drained/);
    expect(made[0]?.instructions).toMatch(/^List the nodes first:/);
    expect(made[1]?.expected).toBe('Verify that the node is gone.');
    expect(made.map((one) => [one.backOut, one.leads])).toEqual([
      [null, 'roll-back'],
      [null, 'roll-back'],
      ['back-out', null],
    ]);
    const { remarks } = importMarkdown(CLUSTER, 'made');
    expect(remarks).toEqual([
      'line 4: the section "Replace a worker" is an introduction and makes no step',
      'line 10: the section "Before you begin" is an introduction and makes no step',
    ]);
  });

  it('takes boxes and numbered items, leaves out comments and quick actions', () => {
    const made = steps(CHANGE);
    expect(made.map((one) => [one.title, one.command, one.backOut])).toEqual([
      ['Set label ~"change::in-progress" with /label ~change', null, null],
      ['Announce it in the channel (https://chat.example/ops)', null, null],
      ['Stop the old edge', 'sudo systemctl stop edge', null],
      ['Start the new one with the new address:', 'sudo systemctl start edge-new', null],
      ['Start the old edge again', 'sudo systemctl start edge', 'back-out'],
    ]);
    expect(made[1]?.instructions).toMatch(/ask for objections.*wait for five minutes/);
    expect(made[2]?.expected).toBe('Expected: it says inactive.');
    expect(JSON.stringify(made)).not.toMatch(/nothing of this|\/assign/);
  });

  it('takes numbered headings, one step a command, and shows what is no command', () => {
    const made = steps(CLIENT);
    expect(made.map((one) => [one.title, one.command])).toEqual([
      ['Stop the client', 'client --stop'],
      ['Change the configuration', 'client validate-config --config-file={{config}}'],
      ['Change the configuration, command 2', 'client --config-file={{config}}'],
      ['Look at the head', `curl -X POST --data '{"method":"eth_blockNumber"}' localhost:8545`],
    ]);
    expect(made[1]?.instructions).toContain('Shown in the document: data-path="/data"');
    expect(made[3]?.expected).toContain('"result": "0x10"');
    const settled = compileRunbook(importMarkdown(CLIENT, 'made').yaml, 'x', { config: '/etc/node.toml' });
    expect(settled.runbook.steps[2]?.command).toBe('client --config-file=/etc/node.toml');
  });

  it('runs nothing', () => {
    for (const document of [CLUSTER, CHANGE, CLIENT, SHORTCODES, COMPONENTS])
      importMarkdown(document, 'made');
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it.each([
    ['# T\n\n1. a\u202eb\n', 'a\\u{202e}b'],
    ['1. <img src=x onerror=alert(1)> press\n', 'press'],
    [`1. ${'long '.repeat(60)}\n`, /…$/],
    ['1. {{a}}\n\n   ```\n   echo `$(touch x)`\n   ```\n', '{{a}}'],
    ['- [ ] one\n- [ ] one\n', 'one'],
    ['# Roll back\n\n1. only back\n', 'only back'],
    ['1. go\n\n## Roll back\n\n1. back\n', 'go'],
    ['1. a\\*b &#35;c\n', 'a*b #c'],
    ['> 1. quoted\n\n1. real\n', 'real'],
    ['```\nfirst\n', 'Run the command'],
  ])('makes something safe of %j', (document, title) => {
    const [first] = steps(document);
    if (typeof title === 'string') expect(first?.title).toBe(title);
    else expect(first?.title).toMatch(title);
  });

  it('says when there is nothing in it, and keeps a command that is too long out of the way', () => {
    expect(() => importMarkdown('Just words.\n', 'made')).toThrow(ImportError);
    const long = `1. run\n\n   \`\`\`\n   ${'x'.repeat(5_000)}\n   \`\`\`\n`;
    expect(steps(long)[0]).toMatchObject({
      command: null,
      instructions: expect.stringMatching(/see line 3/),
    });
  });
});
