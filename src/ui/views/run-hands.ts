/** How an operator does things here, so that a text never names a key where lines are typed. */
export interface Hands {
  readonly begin: string;
  readonly probe: string;
  readonly confirm: string;
  readonly failed: string;
  readonly witness: string;
  readonly take: string;
  readonly again: string;
  readonly abort: string;
  readonly seal: string;
  readonly attach: string;
  /** How a session is gone on with; its id follows. */
  readonly goOn: string;
  /** How the stop view is left; empty where it is only printed. */
  readonly back: string;
}

/** The keys of the screen. */
export const KEYS: Hands = {
  begin: 'b',
  probe: 'p',
  confirm: 'c',
  failed: 'f with the reason',
  witness: 'w',
  take: 'W',
  again: 'R',
  abort: 'A',
  seal: 'S',
  attach: ':attach FILE',
  goOn: 'screen 7, Enter on session',
  back: 'Esc goes back to the run.',
};

/** The words of line mode. */
export const WORDS: Hands = {
  begin: '"begin"',
  probe: '"probe"',
  confirm: '"confirm"',
  failed: '"failed REASON"',
  witness: '"witness"',
  take: '"take FILE"',
  again: '"again REASON"',
  abort: '"abort REASON"',
  seal: '"seal"',
  attach: '"attach FILE exit CODE" or "paste exit CODE"',
  goOn: 'resume',
  back: '',
};
