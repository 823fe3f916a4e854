import { Box, render, Text, useInput } from 'ink';
import { type ReactElement, useState } from 'react';
import type { Backend, BackendEvent } from '../src/state/backend.ts';
import { runConsole } from '../src/ui/console.tsx';
import { snapshotOf, subject } from '../test/model/make.ts';

/** The screen under measure, in a process of its own: `ours`, `ours-full` (whole frames), `ink` (Ink's default renderer) or `move`
 * (Ink, a highlight that `j` moves). */
const [mode = 'ours', updates = '100'] = process.argv.slice(2);
const total = Number(updates);
const PERIOD_MS = 250;

if (mode === 'ink') peer();
else if (mode === 'move') mover();
else await ours();

/** The console, whose head height is the one cell that changes. */
async function ours(): Promise<void> {
  let listener: (event: BackendEvent) => void = () => undefined;
  const unused = (): Promise<never> => Promise.reject(new Error('not measured'));
  const backend: Backend = {
    subscribe: (one) => {
      listener = one;
      return () => undefined;
    },
    refresh: async () => undefined,
    runbooks: async () => [],
    sessions: async () => [],
    locked: async () => false,
    unlock: unused,
    openRun: unused,
    resumeRun: unused,
    gateStep: unused,
    prepare: unused,
    confirm: unused,
    askWitness: unused,
    takeWitness: unused,
    checkpoint: unused,
    askHandover: unused,
    attach: unused,
    timeline: unused,
    cancel: async () => undefined,
    verify: unused,
    close: async () => undefined,
  };
  const done = runConsole({
    backend,
    ready: Promise.resolve(),
    ascii: false,
    colour: true,
    fullRedraw: mode === 'ours-full',
    save: unused,
    remember: unused,
  });
  let height = 100_000;
  const now = Date.now();
  const tell = (): void => {
    height += 1;
    const guests = Array.from({ length: 30 }, (_, index) =>
      subject({ id: `vmid:${1000 + index}`, vmid: 1000 + index, name: `guest-${index}` }),
    );
    const chain = subject({ id: 'chain:138', kind: 'chain', name: 'Chain 138' });
    const time = new Date(now).toISOString();
    const head = {
      probe: 'besu-head',
      subject: 'vmid:1000' as const,
      endpoint: 'e',
      level: 'app' as const,
      request: '',
      answer: {
        class: 'ok' as const,
        facts: { number: String(height), timestamp: String(Math.floor(now / 1000)), round: 0 },
        checks: [],
      },
      vantage: 'x',
      started: time,
      ended: time,
      raw: null,
    };
    const base = snapshotOf([chain, ...guests], [head]);
    const thresholds = { ...base.estate.thresholds, evidenceTtlS: 100_000 };
    listener({
      type: 'snapshot',
      snapshot: { ...base, ended: time, estate: { ...base.estate, thresholds } },
      origin: { mode: 'offline', path: '' },
    });
  };
  tell();
  let sent = 0;
  const timer = setInterval(() => {
    tell();
    sent += 1;
    if (sent >= total) {
      clearInterval(timer);
      setTimeout(() => process.exit(0), 500);
    }
  }, PERIOD_MS);
  await done;
}

/** A full screen of text in Ink's default renderer, one number of which changes. */
function peer(): void {
  const frame = (count: number) => (
    <Box flexDirection="column" height={40} width={120}>
      {Array.from({ length: 40 }, (_, row) => (
        <Text
          key={`row-${row}`}
        >{`row ${row} ${'some words of a screen '.repeat(4)} ${row === 5 ? 100_000 + count : 0}`}</Text>
      ))}
    </Box>
  );
  const { rerender } = render(frame(0), { alternateScreen: true, interactive: true });
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    rerender(frame(count));
    if (count >= total) {
      clearInterval(timer);
      setTimeout(() => process.exit(0), 500);
    }
  }, PERIOD_MS);
}

/** The least that a list can be: rows of text and a highlight. */
function mover(): void {
  render(<Mover />, { alternateScreen: true, interactive: true, incrementalRendering: true });
}

function Mover(): ReactElement {
  const [at, setAt] = useState(0);
  useInput((input) => {
    if (input === 'j') setAt((one) => (one + 1) % 38);
  });
  return (
    <Box flexDirection="column" height={40} width={120}>
      {Array.from({ length: 38 }, (_, row) => (
        <Text
          key={`row-${row}`}
          inverse={row === at}
        >{`row ${row} ${'some words of a screen '.repeat(4)}`}</Text>
      ))}
    </Box>
  );
}
