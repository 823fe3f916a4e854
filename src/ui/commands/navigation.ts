import type { SubjectId } from '../../model/index.ts';
import type { Sort } from '../list.ts';
import { SCREENS, type ScreenId } from './keys.ts';

/** A place that can be come back to. */
export interface Spot {
  readonly screen: ScreenId;
  /** A subject's whole story over the screen, or null. */
  readonly detail: SubjectId | null;
  /** The stories that led to it, outermost first. */
  readonly trail: readonly SubjectId[];
  /** The session of the run that is open over the Runbooks screen, or null. */
  readonly run: string | null;
}

/** The line that is being typed after `:`. */
export interface PaletteState {
  readonly text: string;
  /** How far up the earlier lines the person has gone; -1 is the line being typed. */
  readonly at: number;
}

/** Where the operator is. Pure data; every key press is a step of `navigate`. */
export interface Place extends Spot {
  readonly help: boolean;
  /** What is safe and the way back, over a run. */
  readonly panic: boolean;
  readonly palette: PaletteState | null;
  /** Lines of the palette that were used, newest first. */
  readonly said: readonly string[];
  /** Text of the filter of each list, by the list's name. */
  readonly filters: Readonly<Record<string, string>>;
  readonly filtering: boolean;
  readonly sorts: Readonly<Record<string, Sort>>;
  /** Rows that stand for others and were unfolded, by their ids. */
  readonly unfolded: readonly string[];
  /** Cursor of each list, by the list's name. */
  readonly cursors: Readonly<Record<string, number>>;
  /** Where the operator was before, newest first, and where they came back from. */
  readonly past: readonly Spot[];
  readonly future: readonly Spot[];
  /** One q was pressed; the next one quits. */
  readonly quitArmed: boolean;
}

export const START: Place = {
  screen: 'overview',
  detail: null,
  trail: [],
  run: null,
  help: false,
  panic: false,
  palette: null,
  said: [],
  filters: {},
  filtering: false,
  sorts: {},
  unfolded: [],
  cursors: {},
  past: [],
  future: [],
  quitArmed: false,
};

export type Move =
  | { readonly to: 'screen'; readonly screen: ScreenId }
  | { readonly to: 'next-screen'; readonly by: 1 | -1 }
  | { readonly to: 'detail'; readonly subject: SubjectId }
  | { readonly to: 'run'; readonly session: string }
  | { readonly to: 'back' }
  | { readonly to: 'past' }
  | { readonly to: 'future' }
  | { readonly to: 'help' }
  | { readonly to: 'panic' }
  | { readonly to: 'palette'; readonly state: PaletteState | null; readonly said?: string }
  | { readonly to: 'filter' }
  | { readonly to: 'filter-text'; readonly text: string; readonly done: boolean }
  | { readonly to: 'sort'; readonly sort: Sort | null }
  | { readonly to: 'fold'; readonly row: string }
  | { readonly to: 'cursor'; readonly index: number; readonly rows: number }
  /** Opens the list of a screen, whole and in its own order, with the cursor on a row of it. */
  | { readonly to: 'row'; readonly screen: ScreenId; readonly index: number }
  | { readonly to: 'quit-armed' };

const MAX_PAST = 50;
const MAX_SAID = 50;

/** The name of the list that has the cursor. */
export function listName(
  place: Pick<Place, 'screen' | 'detail' | 'run'> & { readonly help?: boolean },
): string {
  if (place.help === true) return 'help';
  if (place.detail !== null) return `detail ${place.detail}`;
  if (place.run !== null && place.screen === 'runbooks') return `run ${place.run}`;
  return place.screen;
}

/** The filter of the list at hand. */
export function filterOf(place: Place): string {
  return place.filters[listName(place)] ?? '';
}

/** One step. Anything but a second q disarms quitting. */
export function navigate(place: Place, move: Move): Place {
  const calm: Place = { ...place, quitArmed: false };
  switch (move.to) {
    case 'screen':
      return goTo(calm, { screen: move.screen, detail: null, trail: [], run: place.run });
    case 'next-screen': {
      const index = SCREENS.findIndex((one) => one.id === place.screen);
      const next = SCREENS[(index + move.by + SCREENS.length) % SCREENS.length];
      return goTo(calm, { screen: next?.id ?? 'overview', detail: null, trail: [], run: place.run });
    }
    case 'detail':
      if (move.subject === place.detail) return { ...calm, help: false };
      return goTo(calm, {
        screen: place.screen,
        detail: move.subject,
        trail: place.detail === null ? [] : [...place.trail, place.detail],
        run: place.run,
      });
    case 'run':
      return goTo(calm, { screen: 'runbooks', run: move.session, detail: null, trail: [] });
    case 'back':
      return back(calm);
    case 'past':
    case 'future':
      return through(calm, move.to);
    case 'help':
      return { ...calm, help: !place.help, filtering: false };
    case 'panic':
      return { ...calm, panic: !place.panic, help: false, filtering: false };
    case 'palette':
      return {
        ...calm,
        palette: move.state,
        filtering: false,
        said:
          move.said === undefined
            ? place.said
            : [move.said, ...place.said.filter((one) => one !== move.said)].slice(0, MAX_SAID),
      };
    case 'filter':
      // A new filter, in place of the one before.
      return { ...calm, filtering: true, filters: changed(place.filters, listName(place), null) };
    case 'filter-text':
      return {
        ...calm,
        filters: { ...place.filters, [listName(place)]: move.text },
        filtering: !move.done,
        cursors: { ...place.cursors, [listName(place)]: 0 },
      };
    case 'sort':
      return { ...calm, sorts: changed(place.sorts, listName(place), move.sort) };
    case 'fold':
      return {
        ...calm,
        unfolded: place.unfolded.includes(move.row)
          ? place.unfolded.filter((one) => one !== move.row)
          : [...place.unfolded, move.row],
      };
    case 'cursor':
      return {
        ...calm,
        cursors: { ...place.cursors, [listName(place)]: Math.max(0, Math.min(move.index, move.rows - 1)) },
      };
    case 'row':
      return {
        ...goTo(calm, { screen: move.screen, detail: null, trail: [], run: null }),
        filters: changed(place.filters, move.screen, null),
        sorts: changed(place.sorts, move.screen, null),
        cursors: { ...place.cursors, [move.screen]: Math.max(0, move.index) },
      };
    case 'quit-armed':
      return { ...place, quitArmed: true };
  }
}

function changed<T>(
  all: Readonly<Record<string, T>>,
  name: string,
  value: T | null,
): Readonly<Record<string, T>> {
  const { [name]: _old, ...rest } = all;
  return value === null ? rest : { ...rest, [name]: value };
}

function spotOf({ screen, detail, trail, run }: Spot): Spot {
  return { screen, detail, trail, run };
}

function goTo(place: Place, spot: Spot): Place {
  const same =
    spot.screen === place.screen && spot.detail === place.detail && spot.run === place.run && !place.help;
  return {
    ...place,
    ...spot,
    help: false,
    panic: false,
    palette: null,
    filtering: false,
    past: same ? place.past : [spotOf(place), ...place.past].slice(0, MAX_PAST),
    future: same ? place.future : [],
  };
}

function through(place: Place, way: 'past' | 'future'): Place {
  const [spot, ...rest] = place[way];
  if (spot === undefined) return place;
  const here = spotOf(place);
  return {
    ...place,
    ...spot,
    help: false,
    panic: false,
    filtering: false,
    past: way === 'past' ? rest : [here, ...place.past],
    future: way === 'past' ? [here, ...place.future] : rest,
  };
}

/** One level out: what lies over the list, then its filter, then the list itself. */
function back(place: Place): Place {
  if (place.palette !== null) return { ...place, palette: null };
  if (place.filtering) return { ...place, filtering: false };
  if (filterOf(place) !== '') return { ...place, filters: changed(place.filters, listName(place), null) };
  if (place.help) return { ...place, help: false };
  if (place.panic) return { ...place, panic: false };
  if (place.detail !== null) {
    const outer = place.trail.at(-1) ?? null;
    return goTo(place, { ...spotOf(place), detail: outer, trail: place.trail.slice(0, -1) });
  }
  if (place.run !== null && place.screen === 'runbooks') return goTo(place, { ...spotOf(place), run: null });
  if (place.screen === 'overview') return place;
  return goTo(place, { ...spotOf(place), screen: 'overview' });
}
