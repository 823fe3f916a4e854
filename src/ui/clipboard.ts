/** Most bytes of text that are sent to a terminal's clipboard: what xterm takes, and less than where others stop. */
export const CLIPBOARD_LIMIT = 48 * 1024;
/** GNU Screen takes no longer strings than this in one piece. */
const SCREEN_PIECE = 700;

/**
 * The sequence that asks the terminal to take a text into its clipboard (OSC 52, xterm control sequences), wrapped so that it passes
 * through tmux or GNU Screen, or null when the text is too long or the terminal is one that would print it.
 * In tmux both forms are sent: one works with `set-clipboard on`, the other with `allow-passthrough on`.
 */
export function clipboardSequence(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (Buffer.byteLength(text) > CLIPBOARD_LIMIT || !hasClipboard(env)) return null;
  const plain = `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;
  if ((env.TMUX ?? '') !== '')
    return `${plain}\u001bPtmux;${plain.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
  if ((env.STY ?? '') !== '') return screenPieces(plain);
  return plain;
}

/** The Linux console and older terminals have no clipboard, and some print what they do not know. */
function hasClipboard(env: Readonly<Record<string, string | undefined>>): boolean {
  return !/^(linux|vt\d+|dumb|ansi|cons25)/.test(env.TERM ?? 'dumb');
}

function screenPieces(sequence: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < sequence.length; at += SCREEN_PIECE)
    pieces.push(`\u001bP${sequence.slice(at, at + SCREEN_PIECE)}\u001b\\`);
  return pieces.join('');
}
