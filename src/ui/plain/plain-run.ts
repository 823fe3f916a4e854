import { sanitiseLine, type Verdict } from '../../model/index.ts';
import type { AttachRequest, Backend, Prompt, RunStepView, RunView } from '../../state/backend.ts';
import { ANSWERS, requestOfWords, takenIn } from '../answer/run-answer.ts';
import type { ViewInput } from '../views/estate-views.ts';
import { WORDS } from '../views/run-hands.ts';
import { lateLines, panicView, runView, whatIsLeft } from '../views/run-view.ts';
import { gateLines, stepLines } from '../views/step-view.ts';
import type { Line } from '../views/types.ts';
import { verdictWord } from '../views/verdict-word.ts';
import { plainLines } from './render-plain.ts';

/** Lines that came before the prompt could be read are thrown away; this long after it, in milliseconds. */
const BLIND_MS = 100;

/** Ends a text that is pasted line by line. */
const END_OF_TEXT = '.';
const MAX_PASTED = 1024 * 1024;
/** Width of the texts, and room for all of them: nothing is cut in line mode. */
const COLUMNS = 100;
const ROWS = 1_000;

/** Works a runbook in line mode: the same rules as on the screen, one line at a time. */
export class PlainRun {
  readonly #backend: Backend;
  readonly #say: (...lines: readonly string[]) => void;
  readonly #input: () => ViewInput;
  #run: RunView | null = null;
  #prompt: { readonly prompt: Prompt; readonly shownAt: number } | null = null;
  #pasting: { readonly exitCode: number | null; readonly stepId: string; text: string } | null = null;

  constructor(backend: Backend, say: (...lines: readonly string[]) => void, input: () => ViewInput) {
    this.#backend = backend;
    this.#say = say;
    this.#input = input;
  }

  /** True while the next line is the code of a prompt. */
  get waiting(): boolean {
    return this.#prompt !== null;
  }

  /** True while lines are output that is being pasted. */
  get pasting(): boolean {
    return this.#pasting !== null;
  }

  /** One line of pasted output; a single full stop ends it. */
  async pasted(line: string): Promise<void> {
    const pasting = this.#pasting;
    if (pasting === null) return;
    if (line !== END_OF_TEXT && pasting.text.length + line.length < MAX_PASTED) {
      pasting.text += `${line}\n`;
      return;
    }
    this.#pasting = null;
    const { stepId, exitCode, text } = pasting;
    await this.#attach({ stepId, exitCode, text, path: null });
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
        await this.#open(await this.#resume(tail));
        return true;
      case 'window':
        this.#showWindow(this.#need());
        return true;
      case 'timeline':
        await this.#timeline(tail);
        return true;
      case 'step':
        this.#showStep(tail);
        return true;
      case 'probe':
        await this.#probe(tail);
        return true;
      case 'begin':
        await this.#ask({ kind: 'begin', session: this.#need().session, note: tail });
        return true;
      case 'note':
      case 'deviate':
      case 'correct':
      case 'accept':
      case 'again':
      case 'abort':
        await this.#ask(requestOfWords(this.#need(), word, tail));
        return true;
      case 'stop':
        this.#say(...plainLines(panicView(this.#need(), COLUMNS, WORDS)));
        return true;
      case 'handover':
        await this.#askHandover(tail);
        return true;
      case 'attach':
        await this.#attachFile(tail);
        return true;
      case 'paste':
        this.#pasting = { exitCode: exitCodeIn(tail), stepId: this.#atHand().stepId, text: '' };
        this.#say('Paste the output; a line with a single full stop ends it.');
        return true;
      case 'checkpoint':
        this.#recorded(await this.#backend.checkpoint(this.#need().session));
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
      this.#say(
        `${line === '' ? 'Cancelled.' : 'That was not the code, so it is cancelled.'} Nothing was signed; to sign, give the command again.`,
      );
      return;
    }
    this.#recorded(await this.#backend.confirm(waiting.prompt.promptId, line));
  }

  #recorded(run: RunView): void {
    this.#run = run;
    this.#say(`Recorded and durable: record ${this.#run.records - 1}.`);
    if (run.lastRecord?.kind === 'checkpoint' && run.checkpoint !== null)
      this.#say(
        `Checkpoint of ${run.checkpoint.size} records. Somebody else writes down ${run.checkpoint.code}, or keeps these lines:`,
        ...run.checkpoint.text.trimEnd().split('\n'),
      );
    if (this.#run.state === 'sealed')
      this.#say(
        `Sealed. Verify it anywhere: c138 evidence verify ${sanitiseLine(this.#run.path, 500)} --trust FILE (your own copy of the trust store)`,
      );
    else this.#showStep('');
  }

  #need(): RunView {
    if (this.#run === null) throw new Error('No run is open. "runbooks" lists them, "run ID" begins one.');
    return this.#run;
  }

  async #open(run: RunView): Promise<void> {
    this.#run = run;
    this.#showWindow(run);
    if (run.begun) return;
    if (run.oneCopy !== null)
      this.#say(`Without the mirror ${sanitiseLine(run.oneCopy, 500)}. To go on on one copy: begin REASON`);
    else if (run.changed !== null)
      this.#say(`${sanitiseLine(run.changed, 500)}. To go on with the session's own text: begin REASON`);
    else await this.#ask({ kind: 'begin', session: run.session });
  }

  /** The whole window: who leads, what waits, what is late, the step at hand and every answer. */
  #showWindow(run: RunView): void {
    this.#say(...plainLines(runView(this.#input(), run, COLUMNS, ROWS, WORDS)));
  }

  async #timeline(start: string): Promise<void> {
    const session = start === '' ? this.#need().session : await this.#sessionOf(start);
    const entries = await this.#backend.timeline(session);
    this.#say(
      `== ${entries.length} records of ${session.slice(2, 10)} ==`,
      ...entries.map((one) =>
        sanitiseLine(
          `${String(one.record).padStart(3)}  ${one.at.slice(11, 19)}Z  minute ${one.minute}  ${one.who}: ${one.what}`,
          400,
        ),
      ),
    );
  }

  async #resume(tail: string): Promise<RunView> {
    const [start = '', word = ''] = tail.split(' ');
    if (word !== '' && word !== 'onecopy')
      throw new Error(
        'Say which session: "resume SESSION", or "resume SESSION onecopy" to leave a broken mirror out.',
      );
    return this.#backend.resumeRun(await this.#sessionOf(start), word === 'onecopy');
  }

  #atHand(): { readonly session: string; readonly stepId: string } {
    const { session, current } = this.#need();
    if (current === null) throw new Error('No step is at hand.');
    return { session, stepId: current };
  }

  async #askHandover(person: string): Promise<void> {
    const asked = await this.#backend.askHandover(this.#need().session, person);
    this.#say(
      `The request for ${sanitiseLine(person, 80)} is in ${sanitiseLine(asked.path, 500)}, and here as one line of text:`,
      asked.text,
      `Both sides must see ${asked.spoken}. They run "c138 evidence witness sign --meaning accepted FILE" on their own machine;`,
      'then type "accept" and the path of their answer or its text. Record nothing meanwhile: they accept the run as it stands.',
    );
  }

  async #attachFile(tail: string): Promise<void> {
    const path = tail.replace(/ exit \d+$/, '');
    if (path === '') throw new Error('Say which file: "attach FILE" or "attach FILE exit CODE".');
    await this.#attach({ stepId: this.#atHand().stepId, exitCode: exitCodeIn(tail), text: '', path });
  }

  async #attach(request: AttachRequest): Promise<void> {
    this.#run = await this.#backend.attach(this.#need().session, request);
    this.#say(`Attached and durable: record ${this.#run.records - 1}.`);
    this.#showStep('');
  }

  #showStep(id: string): void {
    const run = this.#need();
    const step = run.steps.find((one) => one.step.id === (id === '' ? run.current : id));
    if (step === undefined)
      this.#say(id === '' ? whatIsLeft(run, WORDS) : `There is no step "${id}". "window" lists them.`);
    else
      this.#say(
        placeInWay(run, step),
        ...lineTexts(stepLines(step, COLUMNS, WORDS)),
        ...(step.step.id === run.current ? lineTexts(lateLines(run, this.#input().now)) : []),
      );
  }

  async #probe(id: string): Promise<void> {
    const run = this.#need();
    const stepId = id === '' ? run.current : id;
    if (stepId === null) return this.#showStep('');
    this.#say(`Asking the read-only probes of ${sanitiseLine(stepId, 80)}.`);
    this.#run = await this.#backend.gateStep(run.session, stepId);
    this.#showStep(id);
  }

  async #answerStep(verdict: Verdict, note: string): Promise<void> {
    const run = this.#need();
    const step = run.steps.find((one) => one.step.id === run.current);
    if (step === undefined) return this.#showStep('');
    if (!step.offered.includes(verdict))
      throw new Error(`Not offered: ${step.blocked === '' ? verdictWord(verdict) : step.blocked}`);
    if (verdict !== 'confirmed' && note === '') throw new Error('This answer needs a reason after the word.');
    if (verdict === 'confirmed' && note === '' && step.wantsNote !== null)
      throw new Error(`A note is wanted behind the word: ${step.wantsNote}.`);
    if (step.gate !== 'none' && (verdict === 'confirmed' || verdict === 'still_planned'))
      this.#say('Asking the read-only probes, unless that was done this moment.');
    await this.#ask({ kind: 'confirm', session: run.session, stepId: step.step.id, verdict, note });
  }

  /** What the worker told last: asking for a signature may have asked the probes of the step at hand. */
  #refresh(session: string): void {
    const told = this.#input().state.runs[session];
    if (told === undefined) return;
    this.#run = told;
    const step = told.steps.find((one) => one.step.id === told.current);
    if (step !== undefined && step.gate !== 'none')
      this.#say(...gateLines(step, WORDS).map(([text]) => text));
  }

  async #ask(request: Parameters<Backend['prepare']>[0]): Promise<void> {
    if (await this.#backend.locked()) await this.#backend.unlock();
    const prompt = await this.#backend.prepare(request).finally(() => {
      if (request.kind === 'confirm') this.#refresh(request.session);
    });
    if (prompt.onTerminal) return this.#recorded(await this.#backend.confirm(prompt.promptId, ''));
    this.#say('You are about to sign:', ...prompt.lines.map((one) => `  ${sanitiseLine(one, 4_300)}`));
    this.#say(`Type ${prompt.code} to sign, or an empty line to cancel.`);
    this.#prompt = { prompt, shownAt: Date.now() };
  }

  async #askWitness(): Promise<void> {
    const asked = await this.#backend.askWitness(this.#need().session);
    const approval = asked.meaning === 'approved';
    this.#say(
      `Record ${asked.seq} for ${approval ? 'an approval' : 'a witness'}. The request is in ${sanitiseLine(asked.path, 500)}, and here as one line of text:`,
      asked.text,
      `Both sides must see ${asked.spoken}. ${approval ? 'The one who approves' : 'The witness'} runs "c138 evidence witness sign FILE" on their own machine;`,
      'then type "take" and the path of the answer, or the text that begins with "c138:".',
    );
  }

  async #takeWitness(answer: string): Promise<void> {
    if (answer === '') throw new Error('Say which answer: "take" and its path or its text.');
    const before = this.#need();
    this.#run = await this.#backend.takeWitness(before.session, answer);
    this.#say(takenIn(before, this.#run));
    this.#showStep('');
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

/** Lines of a view as text. */
function lineTexts(lines: readonly Line[]): readonly string[] {
  return lines.map((one) => sanitiseLine(one.map((part) => part.text).join(''), 2_000));
}

/** Where a step stands: by its number, or in a back-out. */
function placeInWay(run: RunView, step: RunStepView): string {
  if (step.step.backOut !== null) return `-- back-out step ${step.step.id}`;
  const way = run.steps.filter((one) => one.step.backOut === null);
  return `-- step ${way.indexOf(step) + 1} of ${way.length}`;
}

/** The exit code behind the word "exit" at the end of a line, or null. */
function exitCodeIn(tail: string): number | null {
  const found = /(?:^| )exit (\d{1,3})$/.exec(tail);
  return found === null ? null : Number(found[1]);
}
