import type { Assessment, SubjectId } from '../../model/index.ts';
import type { Backend, RunView } from '../../state/backend.ts';
import type { Answering } from '../answer/use-answer.ts';
import { EXPORT_FORMATS, type ExportFacts, type ExportFormat, exportTable } from '../export.ts';
import { arrange, flat, nextSort } from '../list.ts';
import { THEMES, type ThemeName } from '../theme.ts';
import type { Work } from '../use-work.ts';
import type { Row, View } from '../views/types.ts';
import type { CommandId, Where } from './commands.ts';
import { SCREENS } from './keys.ts';
import { mendingStep } from './mend.ts';
import { filterOf, listName, type Move, type Place } from './navigation.ts';
import type { PaletteWorld } from './palette.ts';

/** What the console may ask of the terminal, and of the disk for what is taken out of it. */
export interface Tools {
  /** Asks the terminal to take a text into its clipboard; false when it can not. */
  copy(text: string): boolean;
  /** Keeps a text in a file of this person; resolves to its path. */
  save(name: string, text: string): Promise<string>;
  /** The screen as it is now, as lines of text. */
  screenText(): string;
  redraw(): void;
  /** Stops the program until the shell continues it. */
  suspend(): Promise<void>;
  theme(name: ThemeName): void;
}

/** Everything that a command may need. */
export interface ActionContext {
  readonly place: Place;
  readonly go: (move: Move) => void;
  readonly where: Where;
  readonly run: RunView | null;
  readonly answering: Answering;
  readonly work: Work;
  readonly backend: Backend;
  readonly view: View;
  /** The rows as they are shown: filtered and sorted. */
  readonly rows: readonly Row[];
  readonly cursor: number;
  /** Rows in a page. */
  readonly page: number;
  /** How often a key of movement came at once. */
  readonly repeats?: number;
  readonly world: PaletteWorld;
  /** What is known of a subject. */
  readonly assessed: (subject: SubjectId) => Assessment | undefined;
  readonly facts: ExportFacts;
  /** What is said when the sources are asked again. */
  readonly refreshed: string;
  readonly tools: Tools;
  readonly quit: () => void;
}

const VERDICTS = {
  confirm: 'confirmed',
  'still-planned': 'still_planned',
  failed: 'failed',
  deviated: 'deviated',
  skipped: 'skipped',
  'not-applicable': 'not_applicable',
} as const;

/** Does what a command says. Everything that can go wrong ends in a message. */
export function perform(id: CommandId, context: ActionContext, argument = ''): void {
  const { place, go, answering, rows, cursor, page, repeats = 1, tools } = context;
  const screen = SCREENS.find((one) => `screen-${one.id}` === id);
  if (screen !== undefined) {
    answering.say('');
    return go({ to: 'screen', screen: screen.id });
  }
  const move = (index: number): void => go({ to: 'cursor', index, rows: rows.length });
  switch (id) {
    case 'next-screen':
    case 'previous-screen':
      return go({ to: 'next-screen', by: id === 'next-screen' ? 1 : -1 });
    case 'help':
      return go({ to: 'help' });
    case 'palette':
      return go({ to: 'palette', state: { text: '', at: -1 } });
    case 'refresh':
      context.work.reload();
      return told(context, context.backend.refresh(), () => context.refreshed);
    case 'out':
      if (context.where === 'run' && engaged(context)) return;
      answering.say('');
      return go({ to: 'back' });
    case 'past':
    case 'future':
      return engaged(context) ? undefined : go({ to: id });
    case 'up':
      return move(cursor - repeats);
    case 'down':
      return move(cursor + repeats);
    case 'page-up':
      return move(cursor - page);
    case 'page-down':
      return move(cursor + page);
    case 'top':
      return move(0);
    case 'end':
      return move(rows.length - 1);
    case 'open':
      return open(context);
    case 'show':
      return show(context, argument);
    case 'run':
      return openRunbook(context, argument);
    case 'filter':
      return argument === '' ? go({ to: 'filter' }) : go({ to: 'filter-text', text: argument, done: true });
    case 'sort':
    case 'sort-turn':
      return sort(context, id, argument);
    case 'mend':
      return mend(context);
    case 'verify': {
      const opens = rows[cursor]?.opens;
      if (place.screen === 'evidence' && opens?.kind === 'session') return context.work.verify(opens.path);
      return answering.say('Put the cursor on a session of the Evidence screen (7) first.');
    }
    case 'copy':
    case 'copy-screen':
      return copy(context, id === 'copy-screen');
    case 'export':
      return save(context, argument);
    case 'capture':
      return keep(context, 'screen.txt', tools.screenText());
    case 'redraw':
      return tools.redraw();
    case 'suspend':
      return told(context, tools.suspend());
    case 'theme':
      return theme(context, argument);
    case 'quit':
      return place.quitArmed ? context.quit() : go({ to: 'quit-armed' });
    case 'quit-now':
      return context.quit();
    default:
      return inRun(id, context, argument);
  }
}

/** True while a run is at work or asks something: no other run comes in its place, for the question would stand under the wrong one. */
function engaged({ answering }: ActionContext): boolean {
  return answering.busy || answering.typing;
}

/** Commands of an open run. */
function inRun(id: CommandId, context: ActionContext, argument: string): void {
  const { run, answering } = context;
  if (run === null || engaged(context)) return;
  switch (id) {
    case 'begin':
      return run.begun ? answering.say('This run has begun already.') : answering.beginRun(run);
    case 'probe':
      return answering.probe(run);
    case 'seal':
      return answering.seal(run);
    case 'ask-witness':
      return answering.askWitness(run);
    case 'take-witness':
      return answering.takeWitness(run);
    case 'again':
    case 'abort':
      return answering.end(run, id);
    case 'panic':
      return context.go({ to: 'panic' });
    case 'note':
    case 'deviate':
    case 'correct':
    case 'accept':
      return answering.words(run, id, argument);
    case 'checkpoint':
      return answering.checkpoint(run);
    case 'onecopy':
      return opened(context, () => context.backend.resumeRun(run.session, true));
    case 'handover':
      return answering.askHandover(run, argument);
    case 'attach':
      return answering.attach(run, argument);
  }
  const verdict = id in VERDICTS ? VERDICTS[id as keyof typeof VERDICTS] : undefined;
  if (verdict !== undefined) answering.begin(run, verdict);
}

/** Waits for something and tells how it ended. */
function told<T>({ answering }: ActionContext, task: Promise<T>, words?: (result: T) => string): void {
  task.then(
    (result) => words !== undefined && answering.say(words(result)),
    (error: unknown) => answering.say(error instanceof Error ? error.message : String(error)),
  );
}

function open(context: ActionContext): void {
  const { go, rows, cursor, backend, answering } = context;
  const row = rows[cursor];
  const opens = row?.opens;
  switch (opens?.kind) {
    case 'group':
      return go({ to: 'fold', row: row?.id ?? '' });
    case 'subject':
      return go({ to: 'detail', subject: opens.subject });
    case 'runbook': {
      const [first] = opens.asks;
      if (first === undefined) return openRunbook(context, opens.id);
      answering.say(`It asks for ${opens.asks.join(', ')}: type what they stand for, as name=value.`);
      return go({ to: 'palette', state: { text: `run ${opens.id} ${first}=`, at: -1 } });
    }
    case 'session':
      return opened(context, () => backend.resumeRun(opens.session));
  }
}

function opened(context: ActionContext, task: () => Promise<RunView>): void {
  const { go, answering } = context;
  if (engaged(context)) return;
  answering.open(task, (run) => go({ to: 'run', session: run.session }), true);
}

function openRunbook(context: ActionContext, id: string): void {
  opened(context, () => context.backend.openRun(id));
}

function show({ go, answering, world }: ActionContext, argument: string): void {
  const wanted = argument.toLowerCase();
  const found =
    world.subjects.find((one) => one.id === wanted) ??
    world.subjects.find((one) => one.id.endsWith(`:${wanted}`) || one.name.toLowerCase() === wanted);
  if (found === undefined) return answering.say(`Nothing here is called "${argument}". Tab completes names.`);
  go({ to: 'detail', subject: found.id as SubjectId });
}

function sort({ place, go, view, answering }: ActionContext, id: CommandId, argument: string): void {
  const now = place.sorts[listName(place)];
  if (id === 'sort-turn')
    return now === undefined
      ? answering.say('This list has its own order. s sorts it by a column first.')
      : go({ to: 'sort', sort: { ...now, descending: !now.descending } });
  if (argument === '') return go({ to: 'sort', sort: nextSort(view, now) });
  const column = view.columns.findIndex((one) => one.label.toLowerCase() === argument.toLowerCase());
  if (column < 0) return answering.say(`There is no column "${argument}" here.`);
  go({ to: 'sort', sort: { column, descending: false } });
}

/** From a finding to the step of a runbook that deals with it. */
function mend(context: ActionContext): void {
  const { place, go, rows, cursor, work, answering, assessed } = context;
  // The way leads to the list of runbooks, and so out of the run that asks.
  if (engaged(context)) return;
  const opens = (rows[cursor]?.members?.[0] ?? rows[cursor])?.opens;
  const subject = place.detail ?? (opens?.kind === 'subject' ? opens.subject : null);
  if (subject === null) return answering.say('Put the cursor on a subject first.');
  const found = mendingStep(subject, assessed(subject), work.runbooks);
  if (found === null)
    return answering.say(`No runbook has a step about ${subject}. Its story says what to do next.`);
  const before = work.sessions.filter((one) => one.state === 'open').length;
  go({ to: 'row', screen: 'runbooks', index: before + found.index });
  answering.say(
    `For ${subject}: step ${found.step} of ${found.of}, "${found.title}". Enter opens the runbook, [ goes back.`,
  );
}

function copy(context: ActionContext, whole: boolean): void {
  const { rows, cursor, tools, answering } = context;
  const text = whole
    ? tools.screenText()
    : (rows[cursor]?.cells.map((cell) => cell.text.trim()).join('\t') ?? '');
  if (text === '') return answering.say('There is no row to copy.');
  if (tools.copy(text))
    return answering.say(
      `${whole ? 'The screen' : 'The row'} went to the terminal's clipboard, if it has one. E and e save to a file.`,
    );
  keep(context, whole ? 'screen.txt' : 'row.txt', `${text}\n`);
}

function save(context: ActionContext, argument: string): void {
  const { view, facts, place, answering, tools } = context;
  const filter = filterOf(place);
  // Folded rows are taken out one by one.
  const rows = flat(arrange(view.rows, { filter, sort: place.sorts[listName(place)], unfolded: [] }));
  const wanted = argument === '' ? EXPORT_FORMATS : EXPORT_FORMATS.filter((one) => one === argument);
  if (wanted.length === 0)
    return answering.say(`There is no format "${argument}". Formats: ${EXPORT_FORMATS.join(', ')}.`);
  const name = (format: ExportFormat): string =>
    `${(place.detail ?? place.screen).replaceAll(/[^\w.-]+/g, '-')}.${format}`;
  const files = wanted.map((format) =>
    tools.save(name(format), exportTable(view, rows, format, { ...facts, filter })),
  );
  told(context, Promise.all(files), (paths) => `Saved ${rows.length} rows: ${paths.join(', ')}`);
}

function keep(context: ActionContext, name: string, text: string): void {
  told(context, context.tools.save(name, text), (path) => `Saved ${path}`);
}

function theme({ tools, answering }: ActionContext, argument: string): void {
  const found = THEMES.find((one) => one.name === argument);
  if (found === undefined)
    return answering.say(`Themes: ${THEMES.map((one) => `${one.name} (${one.about})`).join(', ')}.`);
  tools.theme(found.name);
}
