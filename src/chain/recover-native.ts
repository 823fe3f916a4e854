import { setKeyRecovery } from './recover.ts';

let loaded: Promise<boolean> | null = null;

/**
 * Loads libsecp256k1 (as WebAssembly), several times as fast as the JavaScript that is used without it. Call it before many
 * signatures are checked; it costs milliseconds, so nothing loads it at start.
 * @returns false where it can not be loaded; everything works then too, more slowly
 */
export function loadNativeRecovery(): Promise<boolean> {
  loaded ??= import('tiny-secp256k1').then(
    ({ recover }) => {
      setKeyRecovery((digest, rs, parity) => recover(digest, rs, parity, false));
      return true;
    },
    () => false,
  );
  return loaded;
}
