import { Box, useApp, useWindowSize } from 'ink';
import {
  type ReactElement,
  useCallback,
  useEffect,
  useEffectEvent,
  useMemo,
  useReducer,
  useState,
} from 'react';
import { useStore } from 'zustand';
import type { Backend } from '../state/backend.ts';
import type { ConsoleStore } from '../state/store.ts';
import { handOver } from './answer/hand-over.ts';
import { useAnswer } from './answer/use-answer.ts';
import type { Tools } from './commands/actions.ts';
import type { Bindings } from './commands/bindings.ts';
import { footerText } from './commands/bindings.ts';
import type { Where } from './commands/commands.ts';
import { handleKey } from './commands/input.ts';
import type { ScreenId } from './commands/keys.ts';
import { filterOf, listName, navigate, START } from './commands/navigation.ts';
import { suggestionsFor } from './commands/palette.ts';
import { answerLines } from './components/answer-box.tsx';
import {
  crumbsLine,
  hintLines,
  LinesPane,
  suggestionLines,
  tabsLine,
  tooSmallLines,
} from './components/chrome.tsx';
import { LineText } from './components/lines.tsx';
import { ViewPane } from './components/view-pane.tsx';
import { arrange, emptyWords, flat } from './list.ts';
import { cutStart, widthOf } from './text.ts';
import { makeTheme, type Theme, type ThemeName } from './theme.ts';
import { useKeys } from './use-keys.ts';
import { useWork } from './use-work.ts';
import { factsOf, worldOf } from './views/context.ts';
import { detailView } from './views/detail-view.ts';
import { headerLine, refreshWords } from './views/header-view.ts';
import { helpView } from './views/help-view.ts';
import { line, span } from './views/types.ts';
import { viewOf } from './views/view-of.ts';

export const LEAST_COLUMNS = 60;
export const LEAST_ROWS = 15;
const CHROME_ROWS = 4;
/** From here on the story of the subject under the cursor stands beside the list. */
const BESIDE_COLUMNS = 160;
const MAX_SUGGESTIONS = 6;
/** From so many subjects on rows are made anew only as often as an age can change (ages are told in steps of this length). */
const LARGE = 1_000;
const AGE_STEP_MS = 5_000;
/** Lines that say why a row is as it is, and what to do next; there are more where the list keeps its least. */
const HINT_ROWS = 2;
const LEAST_LIST_ROWS = 8;
/** Screens whose rows say what to do next about the one under the cursor. */
const HINTED: ReadonlySet<ScreenId> = new Set(['overview', 'hosts', 'guests', 'tiers', 'hyperledger']);

export interface AppProps {
  readonly backend: Backend;
  readonly store: ConsoleStore;
  readonly theme: Theme;
  readonly bindings: Bindings;
  /** What the terminal and the disk can be asked for; the theme is changed here. */
  readonly tools: Omit<Tools, 'theme' | 'suspend'> & {
    /** Resolves when everything that was drawn has left the program. */
    drained(): Promise<void>;
    /** Stops the program until the shell continues it. */
    stop(): Promise<void>;
    /** Keeps a preference for the next time. */
    remember(changes: { readonly theme: ThemeName }): Promise<void>;
    /** How the terminal is lent to somebody else; the app sets it. */
    lend: (work: () => Promise<void>) => Promise<void>;
  };
  readonly screen?: ScreenId;
  /** Opens this runbook at once. */
  readonly runbook?: string;
  readonly clock?: () => number;
}

/** The whole console: header, screens, the screen itself, footer. It only draws; what is drawn is decided in `views`. */
export function App(props: AppProps): ReactElement {
  const { backend, store, bindings, runbook, clock = Date.now } = props;
  const { exit, suspendTerminal } = useApp();
  const { columns, rows } = useWindowSize();
  const state = useStore(store);
  const [theme, setTheme] = useState(props.theme);
  const [place, go] = useReducer(navigate, { ...START, screen: props.screen ?? START.screen });
  const [now, setNow] = useState(clock());
  const giveTerminal = useCallback(
    (task: () => Promise<void>) => handOver(suspendTerminal, props.tools.drained, task),
    [suspendTerminal, props.tools],
  );
  const answering = useAnswer(backend, giveTerminal, clock);
  const { say } = answering;
  const work = useWork(backend, say);

  useEffect(() => {
    const timer = setInterval(() => setNow(clock()), 1000);
    return () => clearInterval(timer);
  }, [clock]);
  useEffect(() => {
    props.tools.lend = giveTerminal;
  }, [props.tools, giveTerminal]);
  const openWanted = useEffectEvent((id: string) =>
    answering.open(
      () => backend.openRun(id),
      (opened) => go({ to: 'run', session: opened.session }),
      false,
    ),
  );
  useEffect(() => {
    if (runbook !== undefined) openWanted(runbook);
  }, [runbook]);

  const large = (state.assessment?.subjects.length ?? 0) >= LARGE;
  const at =
    state.origin?.mode === 'offline' && state.snapshot !== null
      ? Date.parse(state.snapshot.ended)
      : large
        ? Math.floor(now / AGE_STEP_MS) * AGE_STEP_MS
        : now;
  const run = place.run === null ? null : (state.runs[place.run] ?? null);
  const where: Where =
    run !== null && place.screen === 'runbooks' && place.detail === null && !place.help ? 'run' : 'lists';
  const listing = place.screen === 'runbooks' || place.screen === 'evidence';
  const atWork = answering.busy || answering.typing;
  const { reload } = work;
  // What was begun, sealed or brought here meanwhile is in the lists when they are looked at.
  useEffect(() => {
    if (listing && !atWork) reload();
  }, [listing, atWork, reload]);
  const world = useMemo(() => worldOf(state.assessment, work.runbooks), [state.assessment, work.runbooks]);

  // What only the screen of the run takes is named on the others.
  const asking = where === 'run' && run !== null && answering.asks === run.session;
  const asked = `A run asks something: ${bindings.keysOf('screen-runbooks')[0] ?? ':runbooks'} shows it.`;
  const answer = answerLines(
    asking || !answering.typing ? answering.state : { phase: 'idle', message: asked },
    columns,
  );
  const beside = columns >= BESIDE_COLUMNS && place.detail === null && where === 'lists' && !place.help;
  const width = beside ? Math.floor(columns / 2) : columns;
  const { screen, detail, help, panic } = place;
  const hinted = help || detail !== null || where === 'run' ? false : HINTED.has(screen);
  const room = Math.max(1, rows - CHROME_ROWS - answer.length);
  const view = useMemo(
    () =>
      help
        ? helpView(bindings, columns)
        : viewOf(
            { state, now: at, glyphs: theme.glyphs },
            { screen, detail, panic },
            { run, work, columns: width, height: room },
          ),
    [help, bindings, columns, state, at, theme, screen, detail, panic, run, work, width, room],
  );
  const filter = filterOf(place);
  const sort = place.sorts[listName(place)];
  const { unfolded } = place;
  const shown = useMemo(
    () => arrange(view.rows, { filter, sort, unfolded }),
    [view.rows, filter, sort, unfolded],
  );
  const cursor = Math.min(place.cursors[listName(place)] ?? 0, Math.max(0, shown.length - 1));
  const row = shown[cursor];
  const hints = hinted ? hintLines(row, columns, Math.max(HINT_ROWS, room - LEAST_LIST_ROWS)) : [];
  const height = Math.max(1, room - hints.length);
  const labels = view.columns.map((one) => one.label);
  const suggestions =
    place.palette === null
      ? []
      : suggestionLines(
          suggestionsFor(place.palette.text, { ...world, where, columns: labels }),
          Math.min(MAX_SUGGESTIONS, Math.max(0, height - 6)),
        );

  useKeys({
    press: (press) =>
      handleKey(press, {
        place,
        go,
        where,
        run,
        answering,
        work,
        backend,
        bindings,
        view,
        rows: shown,
        cursor,
        page: Math.max(1, height - 2),
        world: { ...world, where, columns: labels },
        assessed: (id) => state.assessment?.subjects.find((one) => one.subject.id === id),
        facts: factsOf(state, at, filter),
        refreshed: refreshWords(state),
        tools: {
          ...props.tools,
          suspend: props.tools.stop,
          theme: (name) => {
            setTheme(makeTheme({ ...theme, name }));
            props.tools.remember({ theme: name }).then(
              () =>
                say(
                  theme.colour
                    ? `Theme ${name}, also the next time.`
                    : 'Colour is off here; kept for where it is on.',
                ),
              (error: unknown) => say(error instanceof Error ? error.message : String(error)),
            );
          },
        },
        quit: () => exit(),
      }),
    // A paste never reaches the keys: it could type a code or an answer.
    paste: (text) => answering.paste(text),
  });

  if (columns < LEAST_COLUMNS || rows < LEAST_ROWS)
    return (
      <LinesPane
        lines={tooSmallLines(columns, rows, `${LEAST_COLUMNS}x${LEAST_ROWS}`)}
        columns={columns}
        height={rows}
        theme={theme}
      />
    );
  const counted = filter === '' ? '' : `  ${shown.length} of ${flat(view.rows).length}`;
  const opens = row?.opens;
  const bottom = bottomText();
  return (
    <Box flexDirection="column" height={rows} width={columns}>
      <LineText line={headerLine(state, now)} columns={columns} theme={theme} />
      <LineText line={tabsLine(place.screen, columns)} columns={columns} theme={theme} />
      <LineText
        line={[...crumbsLine(place, view.title, theme), span(counted, 'dim')]}
        columns={columns}
        theme={theme}
      />
      <Box height={Math.max(0, height - suggestions.length)} width={columns}>
        <ViewPane
          view={shown.length === 0 ? { ...view, empty: emptyWords(view, filter) } : view}
          rows={shown}
          cursor={cursor}
          columns={beside ? width - 1 : width}
          height={Math.max(0, height - suggestions.length)}
          sort={sort}
          theme={theme}
        />
        {beside && opens?.kind === 'subject' ? (
          <Box marginLeft={1}>
            <ViewPane
              {...storyPane(opens.subject)}
              cursor={-1}
              columns={columns - width}
              height={Math.max(0, height - suggestions.length)}
              theme={theme}
            />
          </Box>
        ) : null}
      </Box>
      {hints.length > 0 ? (
        <LinesPane lines={hints} columns={columns} height={hints.length} theme={theme} />
      ) : null}
      {suggestions.length > 0 ? (
        <LinesPane lines={suggestions} columns={columns} height={suggestions.length} theme={theme} />
      ) : null}
      {answer.length > 0 ? (
        <LinesPane lines={answer} columns={columns} height={answer.length} theme={theme} />
      ) : null}
      <LineText line={line(span(bottom, place.quitArmed ? 'warn' : 'dim'))} columns={columns} theme={theme} />
    </Box>
  );

  function storyPane(subject: Parameters<typeof detailView>[1]) {
    const story = detailView({ state, now: at, glyphs: theme.glyphs }, subject, columns - width);
    return { view: { ...story, top: [line(span(story.title, 'accent'))] }, rows: story.rows };
  }

  function bottomText(): string {
    if (place.quitArmed) return `Press ${bindings.keysOf('quit')[0] ?? 'q'} again to quit.`;
    if (asking) return 'What is typed goes to the question above. Esc cancels.';
    if (place.palette !== null) return cutStart(`:${place.palette.text}_`, columns, theme.glyphs.cut);
    if (place.filtering) return cutStart(`/${filter}_`, columns, theme.glyphs.cut);
    const filtered = filter === '' ? '' : `filter ${filter} (Esc clears)  `;
    return `${filtered}${footerText(bindings, where, columns - widthOf(filtered))}`;
  }
}
