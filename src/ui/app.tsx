import { Box, useApp, useInput, usePaste, useWindowSize } from 'ink';
import { type ReactElement, useCallback, useEffect, useReducer, useState } from 'react';
import { useStore } from 'zustand';
import type { Backend } from '../state/backend.ts';
import type { ConsoleStore } from '../state/store.ts';
import { AnswerBox, answerLines } from './components/answer-box.tsx';
import { helpLines, LinesPane, tabsLine } from './components/chrome.tsx';
import { LineText } from './components/lines.tsx';
import { ViewPane } from './components/view-pane.tsx';
import { handOver } from './hand-over.ts';
import { handleKey } from './input.ts';
import { footerText } from './keys.ts';
import { filterRows } from './list.ts';
import { listName, navigate, START } from './navigation.ts';
import type { Theme } from './theme.ts';
import { useAnswer } from './use-answer.ts';
import { useWork } from './use-work.ts';
import { headerLine } from './views/header-view.ts';
import { line, span } from './views/types.ts';
import { viewOf } from './views/view-of.ts';

export const LEAST_COLUMNS = 60;
export const LEAST_ROWS = 15;
const CHROME_ROWS = 4;

export interface AppProps {
  readonly backend: Backend;
  readonly store: ConsoleStore;
  readonly theme: Theme;
  /** Opens this runbook at once. */
  readonly runbook?: string;
  readonly clock?: () => number;
}

/** The whole console: header, screens, the screen itself, footer. It only draws; what is drawn is decided in `views`. */
export function App({ backend, store, theme, runbook, clock = Date.now }: AppProps): ReactElement {
  const { exit, suspendTerminal } = useApp();
  const { columns, rows } = useWindowSize();
  const state = useStore(store);
  const [place, go] = useReducer(navigate, START);
  const [now, setNow] = useState(clock());
  const giveTerminal = useCallback(
    (task: () => Promise<void>) => handOver(suspendTerminal, task),
    [suspendTerminal],
  );
  const answering = useAnswer(backend, giveTerminal, clock);
  const { say } = answering;
  const work = useWork(backend, say);

  useEffect(() => {
    const timer = setInterval(() => setNow(clock()), 1000);
    return () => clearInterval(timer);
  }, [clock]);
  useEffect(() => {
    if (runbook === undefined) return;
    backend.openRun(runbook).then(
      (run) => go({ to: 'run', session: run.session }),
      (error: unknown) => say(error instanceof Error ? error.message : String(error)),
    );
  }, [backend, runbook, say]);

  const at =
    state.origin?.mode === 'offline' && state.snapshot !== null ? Date.parse(state.snapshot.ended) : now;
  const run = place.run === null ? null : (state.runs[place.run] ?? null);
  const answer =
    place.screen === 'runbooks' && run !== null
      ? answerLines(answering.state, columns)
      : answerLines(
          answering.state.phase === 'idle' ? answering.state : { phase: 'idle', message: '' },
          columns,
        );
  const height = Math.max(1, rows - CHROME_ROWS - answer.length);
  const view = viewOf({ state, now: at, glyphs: theme.glyphs }, place, { run, work, columns, height });
  const filter = place.filters[place.screen] ?? '';
  const shown = place.detail === null && run === null ? filterRows(view.rows, filter) : view.rows;
  const cursor = Math.min(place.cursors[listName(place)] ?? 0, Math.max(0, shown.length - 1));

  useInput((chunk, key) =>
    handleKey(chunk, key, {
      place,
      go,
      run,
      answering,
      work,
      backend,
      rows: shown,
      cursor,
      page: Math.max(1, height - 2),
      quit: () => exit(),
    }),
  );
  // A paste never reaches the keys: it could type a code or an answer.
  usePaste((text) => answering.paste(text));

  if (columns < LEAST_COLUMNS || rows < LEAST_ROWS) {
    const text = `Too small: ${columns}x${rows}. c138 needs ${LEAST_COLUMNS}x${LEAST_ROWS}; --plain works anywhere.`;
    return (
      <Box height={rows} width={columns} overflow="hidden">
        <LineText line={line(span(text, 'warn'))} columns={columns} theme={theme} />
      </Box>
    );
  }
  const filterText = place.filtering ? `/${filter}_` : filter === '' ? '' : `filter ${filter} (Esc clears)  `;
  const bottom = place.quitArmed
    ? 'Press q again to quit.'
    : place.filtering
      ? filterText
      : `${filterText}${footerText(run !== null && place.screen === 'runbooks' ? 'run' : 'lists')}`;
  return (
    <Box flexDirection="column" height={rows} width={columns}>
      <LineText line={headerLine(state, now)} columns={columns} theme={theme} />
      <LineText line={tabsLine(place.screen, columns)} columns={columns} theme={theme} />
      <LineText
        line={line(
          span(view.title, 'accent'),
          span(shown.length === view.rows.length ? '' : `  ${shown.length} of ${view.rows.length}`, 'dim'),
        )}
        columns={columns}
        theme={theme}
      />
      {place.help ? (
        <LinesPane lines={helpLines()} columns={columns} height={height} theme={theme} />
      ) : (
        <ViewPane view={view} rows={shown} cursor={cursor} columns={columns} height={height} theme={theme} />
      )}
      {answer.length > 0 ? <AnswerBox lines={answer} columns={columns} theme={theme} /> : null}
      <LineText line={line(span(bottom, place.quitArmed ? 'warn' : 'dim'))} columns={columns} theme={theme} />
    </Box>
  );
}
