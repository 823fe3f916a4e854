import type { RunView } from '../../state/backend.ts';
import type { Place } from '../commands/navigation.ts';
import type { Work } from '../use-work.ts';
import { detailView } from './detail-view.ts';
import {
  guestsView,
  hostsView,
  hyperledgerView,
  programView,
  tiersView,
  type ViewInput,
} from './estate-views.ts';
import { overviewView } from './overview-view.ts';
import { panicView, runView } from './run-view.ts';
import type { View } from './types.ts';
import { evidenceView, logView, runbooksView } from './work-views.ts';

/** What besides the estate a screen may show, and the room it has. */
export interface ViewExtras {
  readonly run: RunView | null;
  readonly work: Pick<Work, 'runbooks' | 'sessions' | 'verified'>;
  readonly columns: number;
  readonly height: number;
}

/** The view of the place where the operator is. Pure. */
export function viewOf(
  input: ViewInput,
  place: Pick<Place, 'screen' | 'detail'> & Partial<Pick<Place, 'panic'>>,
  extras: ViewExtras,
): View {
  if (place.detail !== null) return detailView(input, place.detail, extras.columns);
  switch (place.screen) {
    case 'overview':
      return overviewView(input, extras.columns);
    case 'hosts':
      return hostsView(input);
    case 'guests':
      return guestsView(input);
    case 'tiers':
      return tiersView(input);
    case 'hyperledger':
      return hyperledgerView(input);
    case 'program':
      return programView(input);
    case 'runbooks':
      if (extras.run !== null && place.panic === true) return panicView(extras.run, extras.columns);
      return extras.run === null
        ? runbooksView(input, extras.work, extras.columns)
        : runView(input, extras.run, extras.columns, extras.height - 5);
    case 'evidence':
      return evidenceView(input, extras.work.sessions, extras.work.verified);
    case 'log':
      return logView(input);
  }
}
