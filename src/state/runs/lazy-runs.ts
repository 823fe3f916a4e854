import type { RunBackend } from '../backend.ts';

/** Runs that are loaded when they are first asked for, so that the screen does not wait for them. */
export function lazyRuns(make: () => Promise<RunBackend>): RunBackend {
  let made: Promise<RunBackend> | null = null;
  const runs = (): Promise<RunBackend> => {
    made ??= make();
    return made;
  };
  return {
    runbooks: async () => (await runs()).runbooks(),
    sessions: async () => (await runs()).sessions(),
    locked: async () => (await runs()).locked(),
    unlock: async () => (await runs()).unlock(),
    openRun: async (runbookId, values) => (await runs()).openRun(runbookId, values),
    resumeRun: async (session, oneCopy) => (await runs()).resumeRun(session, oneCopy),
    gateStep: async (session, stepId) => (await runs()).gateStep(session, stepId),
    prepare: async (request) => (await runs()).prepare(request),
    confirm: async (promptId, typedCode) => (await runs()).confirm(promptId, typedCode),
    cancel: async (promptId) => (await runs()).cancel(promptId),
    askWitness: async (session) => (await runs()).askWitness(session),
    takeWitness: async (session, answer) => (await runs()).takeWitness(session, answer),
    checkpoint: async (session) => (await runs()).checkpoint(session),
    askHandover: async (session, person) => (await runs()).askHandover(session, person),
    attach: async (session, request) => (await runs()).attach(session, request),
    timeline: async (session) => (await runs()).timeline(session),
    verify: async (path) => (await runs()).verify(path),
    close: async () => {
      if (made !== null) await (await made).close();
    },
  };
}
