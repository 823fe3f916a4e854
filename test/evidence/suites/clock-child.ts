import { createInterface } from 'node:readline';
import { runsAt, sign } from '../../state/runs-at.ts';

/** Works a runbook step by step, as the lines on standard input say; its clock may be moved between two of them. */
const [home = ''] = process.argv.slice(2);
const { runs } = await runsAt(home);
let session = '';
const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  if (line === 'begin') {
    const opened = await runs.openRun('lost-passphrase');
    session = opened.session;
    await sign(runs, { kind: 'begin', session });
  } else if (line === 'note') await sign(runs, { kind: 'note', session, stepId: null, note: 'looked' });
  else if (line === 'seal') {
    await sign(runs, { kind: 'seal', session });
    await runs.close();
    lines.close();
  }
  process.stdout.write(`${new Date().toISOString()}\n`);
}
