import { Text } from 'ink';
import { cleanup, render } from 'ink-testing-library';
import { afterEach, expect, it, vi } from 'vitest';
import type { Backend, Prompt, RunView } from '../../src/state/backend.ts';
import { type Answering, useAnswer } from '../../src/ui/answer/use-answer.ts';
import { type ActionContext, perform } from '../../src/ui/commands/actions.ts';
import { eventually } from '../eventually.ts';

afterEach(() => cleanup());

const PROMPT: Prompt = { promptId: 'one', code: 'AB12', digest: '0x00', lines: [], onTerminal: false };
const RUN = { session: '0x01', oneCopy: null, changed: null } as RunView;

/** The answer line by itself, on a backend whose questions wait until they are answered. */
function line() {
  const asked = Promise.withResolvers<Prompt>();
  const prepare = vi.fn(() => asked.promise);
  const cancel = vi.fn(async () => undefined);
  const backend = { locked: async () => false, prepare, cancel } as unknown as Backend;
  const now: { answering: Answering | null } = { answering: null };
  function Line() {
    now.answering = useAnswer(backend, (work) => work());
    return <Text>{now.answering.state.phase}</Text>;
  }
  render(<Line />);
  return { asked, prepare, cancel, answering: () => now.answering as Answering };
}

it('what is told while work is under way hides neither the work nor the question that it ends in', async () => {
  const { asked, prepare, answering } = line();
  answering().seal(RUN);
  await eventually(() => expect(answering()).toMatchObject({ busy: true, typing: false }));
  answering().say('Asking every source again.');
  expect(answering().state).toMatchObject({ phase: 'busy' });
  asked.resolve(PROMPT);
  await eventually(() => expect(answering().state).toMatchObject({ phase: 'code', prompt: PROMPT }));
  expect(answering()).toMatchObject({ busy: false, typing: true });
  answering().say('');
  await new Promise((done) => setTimeout(done, 50));
  expect(answering().state).toMatchObject({ phase: 'code' });
  expect(prepare).toHaveBeenCalledTimes(1);
});

it.each([
  ['busy', true],
  ['typing', true],
  ['neither', false],
] as const)('while a run is %s, another run in its place is refused: %s', async (how, refused) => {
  const go = vi.fn();
  const resumeRun = vi.fn(async () => ({ ...RUN, begun: true }));
  const context = {
    place: {},
    go,
    where: 'lists',
    run: RUN,
    rows: [{ id: 'one', cells: [], opens: { kind: 'session', session: '0x02' } }],
    cursor: 0,
    backend: { resumeRun },
    answering: {
      busy: how === 'busy',
      typing: how === 'typing',
      say: () => undefined,
      open: async (task: () => Promise<RunView>, opened: (run: RunView) => void) => opened(await task()),
    },
  } as unknown as ActionContext;
  for (const command of ['past', 'future', 'open'] as const) perform(command, context);
  await new Promise((done) => setTimeout(done, 10));
  expect(go.mock.calls.map(([step]) => step.to)).toEqual(refused ? [] : ['past', 'future', 'run']);
});

it('a question that comes when another run is being opened is dropped, and nobody can answer it', async () => {
  const { asked, cancel, answering } = line();
  const opened: string[] = [];
  const late = Promise.withResolvers<RunView>();
  answering().open(
    async () => RUN,
    (run) => opened.push(run.session),
    true,
  );
  await eventually(() => expect(answering().busy).toBe(true));
  answering().open(
    () => late.promise,
    (run) => opened.push(run.session),
    true,
  );
  asked.resolve(PROMPT);
  await eventually(() => expect(cancel).toHaveBeenCalledWith('one'));
  expect(answering().state).toMatchObject({ phase: 'busy' });
  late.resolve({ ...RUN, session: '0x02', begun: true } as RunView);
  await eventually(() => expect(answering().state).toMatchObject({ phase: 'idle' }));
  expect(opened).toEqual(['0x01', '0x02']);
});

it('a question names the run that asks', async () => {
  const { asked, answering } = line();
  asked.resolve(PROMPT);
  answering().open(
    async () => RUN,
    () => undefined,
    true,
  );
  await eventually(() => expect(answering().asks).toBe('0x01'));
});
