import type { SubjectId } from '../model/index.ts';
import { SCREENS, type ScreenId } from './keys.ts';

/** Where the operator is. Pure data; every key press is a step of `navigate`. */
export interface Place {
  readonly screen: ScreenId;
  /** A subject's whole story over the screen, or null. */
  readonly detail: SubjectId | null;
  /** The session of the run that is open over the Runbooks screen, or null. */
  readonly run: string | null;
  readonly help: boolean;
  /** Text of the filter of each screen. */
  readonly filters: Readonly<Partial<Record<ScreenId, string>>>;
  readonly filtering: boolean;
  /** Cursor of each list, by the list's name. */
  readonly cursors: Readonly<Record<string, number>>;
  /** One q was pressed; the next one quits. */
  readonly quitArmed: boolean;
}

export const START: Place = {
  screen: 'overview',
  detail: null,
  run: null,
  help: false,
  filters: {},
  filtering: false,
  cursors: {},
  quitArmed: false,
};

export type Move =
  | { readonly to: 'screen'; readonly screen: ScreenId }
  | { readonly to: 'next-screen'; readonly by: 1 | -1 }
  | { readonly to: 'detail'; readonly subject: SubjectId }
  | { readonly to: 'run'; readonly session: string }
  | { readonly to: 'back' }
  | { readonly to: 'help' }
  | { readonly to: 'filter' }
  | { readonly to: 'filter-text'; readonly text: string; readonly done: boolean }
  | { readonly to: 'cursor'; readonly index: number; readonly rows: number }
  | { readonly to: 'quit-armed' };

/** The name of the list that has the cursor. */
export function listName(place: Place): string {
  if (place.detail !== null) return `detail ${place.detail}`;
  if (place.run !== null && place.screen === 'runbooks') return `run ${place.run}`;
  return place.screen;
}

/** One step. Anything but a second q disarms quitting. */
export function navigate(place: Place, move: Move): Place {
  const calm: Place = { ...place, quitArmed: false };
  switch (move.to) {
    case 'screen':
      return { ...calm, screen: move.screen, detail: null, help: false, filtering: false };
    case 'next-screen': {
      const index = SCREENS.findIndex((one) => one.id === place.screen);
      const next = SCREENS[(index + move.by + SCREENS.length) % SCREENS.length];
      return { ...calm, screen: next?.id ?? 'overview', detail: null, help: false };
    }
    case 'detail':
      return { ...calm, detail: move.subject };
    case 'run':
      return { ...calm, screen: 'runbooks', run: move.session, detail: null };
    case 'back':
      return back(calm);
    case 'help':
      return { ...calm, help: !place.help };
    case 'filter':
      return { ...calm, filtering: true };
    case 'filter-text':
      return {
        ...calm,
        filters: { ...place.filters, [place.screen]: move.text },
        filtering: !move.done,
        cursors: { ...place.cursors, [listName(place)]: 0 },
      };
    case 'cursor':
      return {
        ...calm,
        cursors: { ...place.cursors, [listName(place)]: Math.max(0, Math.min(move.index, move.rows - 1)) },
      };
    case 'quit-armed':
      return { ...place, quitArmed: true };
  }
}

function back(place: Place): Place {
  if (place.help) return { ...place, help: false };
  if (place.filtering) return { ...place, filtering: false };
  if (place.detail !== null) return { ...place, detail: null };
  if (place.run !== null && place.screen === 'runbooks') return { ...place, run: null };
  if ((place.filters[place.screen] ?? '') !== '')
    return { ...place, filters: { ...place.filters, [place.screen]: '' } };
  return { ...place, screen: 'overview' };
}
