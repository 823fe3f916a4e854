import { sanitiseLine, type Verdict } from '../../model/index.ts';
import type { Backend, Prompt, RunView } from '../../state/backend.ts';
import type { ViewInput } from '../views/estate-views.ts';
import { runView, stepLines, verdictWord } from '../views/work-views.ts';
import { plainLines } from './render-plain.ts';

const ANSWERS: Readonly<Record<string, Verdict>> = {
  confirm: 'confirmed',
  still: 'still_planned',
  failed: 'failed',
  deviated: 'deviated',
  skipped: 'skipped',
  na: 'not_applicable',
};

/** Lines that came before the prompt could be read are thrown away; this long after it, in milliseconds. */
const BLIND_MS = 100;

/** Works a runbook in line mode: the same rules as on the screen, one line at a time. */
export class PlainRun {
  readonly #backend: Backend;
  readonly #say: (...lines: readonly string[]) => void;
  readonly #input: () => ViewInput;
  #run: RunView | null = null;
  #prompt: { readonly prompt: Prompt; readonly shownAt: number } | null = null;

  constructor(backend: Backend, say: (...lines: readonly string[]) => void, input: () => ViewInput) {
    this.#backend = backend;
    this.#say = say;
    this.#input = input;
  }

  /** True while the next line is the code of a prompt. */
  get waiting(): boolean {
    return this.#prompt !== null;
  }

  /** Returns false when the word is none of the commands here. */
  async command(word: string, tail: string): Promise<boolean> {
    if (Object.hasOwn(ANSWERS, word)) {
      await this.#answerStep(ANSWERS[word] as Verdict, tail);
      return true;
    }
    switch (word) {
      case 'run':
        await this.#open(await this.#backend.openRun(tail));
        return true;
      case 'resume':
        await this.#open(await this.#backend.resumeRun(await this.#sessionOf(tail)));
        return true;
      case 'step':
        this.#showStep();
        return true;
      case 'probe':
        await this.#probe();
        return true;
      case 'begin':
        await this.#ask({ kind: 'begin', session: this.#need().session });
        return true;
      case 'seal':
        await this.#ask({ kind: 'seal', session: this.#need().session });
        return true;
      case 'verify':
        await this.#verify(tail);
        return true;
      case 'witness':
        await this.#askWitness();
        return true;
      case 'take':
        await this.#takeWitness(tail);
        return true;
      default:
        return false;
    }
  }

  /** The line after a prompt: the code, or anything else to cancel. */
  async answer(line: string): Promise<void> {
    const waiting = this.#prompt;
    if (waiting === null) return;
    if (Date.now() - waiting.shownAt < BLIND_MS) {
      this.#say(
        'That was typed before the prompt could be read, and is thrown away. Type the code, or an empty line to cancel.',
      );
      return;
    }
    this.#prompt = null;
    if (line.toUpperCase() !== waiting.prompt.code.toUpperCase()) {
      await this.#backend.cancel(waiting.prompt.promptId);
      this.#say('Cancelled. Nothing was signed.');
      return;
    }
    this.#recorded(await this.#backend.confirm(waiting.prompt.promptId, line));
  }

  #recorded(run: RunView): void {
    this.#run = run;
    this.#say(`Recorded and durable: record ${this.#run.records - 1}.`);
    if (this.#run.state === 'sealed')
      this.#say(
        `Sealed. Verify it anywhere: c138 evidence verify ${sanitiseLine(this.#run.path, 500)} --trust FILE (your own copy of the trust store)`,
      );
    else this.#showStep();
  }

  #need(): RunView {
    if (this.#run === null) throw new Error('No run is open. "runbooks" lists them, "run ID" begins one.');
    return this.#run;
  }

  async #open(run: RunView): Promise<void> {
    this.#run = run;
    this.#say(...plainLines(runView(this.#input(), run, 100, 100)));
    if (!run.begun) await this.#ask({ kind: 'begin', session: run.session });
  }

  #showStep(): void {
    const run = this.#need();
    const step = run.steps.find((one) => one.step.id === run.current);
    if (step === undefined)
      this.#say('Every step is answered. "seal" seals the run: after that nothing can be added.');
    else
      this.#say(
        `-- step ${run.steps.indexOf(step) + 1} of ${run.steps.length}`,
        ...stepLines(step, 100, 100).map((one) => sanitiseLine(one.map((part) => part.text).join(''), 2000)),
      );
  }

  async #probe(): Promise<void> {
    const run = this.#need();
    if (run.current === null) return this.#showStep();
    this.#run = await this.#backend.gateStep(run.session, run.current);
    this.#showStep();
  }

  async #answerStep(verdict: Verdict, note: string): Promise<void> {
    const run = this.#need();
    const step = run.steps.find((one) => one.step.id === run.current);
    if (step === undefined) return this.#showStep();
    if (!step.offered.includes(verdict))
      throw new Error(`Not offered: ${step.blocked === '' ? verdictWord(verdict) : step.blocked}`);
    if (verdict !== 'confirmed' && note === '') throw new Error('This answer needs a reason after the word.');
    await this.#ask({ kind: 'confirm', session: run.session, stepId: step.step.id, verdict, note });
  }

  async #ask(request: Parameters<Backend['prepare']>[0]): Promise<void> {
    if (await this.#backend.locked()) await this.#backend.unlock();
    const prompt = await this.#backend.prepare(request);
    if (prompt.onTerminal) return this.#recorded(await this.#backend.confirm(prompt.promptId, ''));
    this.#say('You are about to sign:', ...prompt.lines.map((one) => `  ${sanitiseLine(one, 500)}`));
    this.#say(`Type ${prompt.code} to sign, or an empty line to cancel.`);
    this.#prompt = { prompt, shownAt: Date.now() };
  }

  async #askWitness(): Promise<void> {
    const asked = await this.#backend.askWitness(this.#need().session);
    this.#say(
      `Record ${asked.seq} for a witness. The request is in ${sanitiseLine(asked.path, 500)}, and here as one line of text:`,
      asked.text,
      `Both sides must see ${asked.spoken}. The witness runs "c138 evidence witness sign FILE" on their own machine;`,
      'then type "take" and the path of the answer, or the text that begins with "c138:".',
    );
  }

  async #takeWitness(answer: string): Promise<void> {
    if (answer === '') throw new Error('Say which answer: "take" and its path or its text.');
    this.#run = await this.#backend.takeWitness(this.#need().session, answer);
    this.#say(`Taken in and durable: record ${this.#run.records - 1}.`);
    this.#showStep();
  }

  async #sessionOf(start: string): Promise<string> {
    const found = (await this.#backend.sessions()).filter(
      (one) => start !== '' && (one.session.startsWith(start) || one.session.startsWith(`0x${start}`)),
    );
    if (found.length !== 1 || found[0] === undefined)
      throw new Error(
        found.length === 0
          ? 'There is no such session. "evidence" lists them.'
          : 'More than one session begins like this.',
      );
    return found[0].session;
  }

  async #verify(start: string): Promise<void> {
    const session = await this.#sessionOf(start);
    const found = (await this.#backend.sessions()).find((one) => one.session === session);
    if (found === undefined) return;
    const result = await this.#backend.verify(found.path);
    this.#say(
      `Verified: ${result.verdict}, exit code ${result.exitCode}, assurance ${result.assurance}`,
      ...result.lines.map((one) => `  ${sanitiseLine(one, 500)}`),
    );
  }
}
