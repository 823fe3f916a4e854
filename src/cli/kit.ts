import type { Command } from 'commander';
import type { Paths } from '../state/paths.ts';
import type { Io } from './io.ts';

export interface PathFlags {
  readonly config?: string;
  readonly stateDir?: string;
  readonly profile?: string;
}

export interface JsonFlag {
  readonly json?: boolean;
}

/** The flags of a command and of those above it; what was given beats a default, and the nearer beats the farther. */
export function flagsOf<T>(command: Command): T {
  const chain: Command[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) chain.unshift(one);
  const out: Record<string, unknown> = {};
  for (const one of chain)
    for (const [key, value] of Object.entries(one.opts()))
      if (one.getOptionValueSource(key) !== 'default' || !Object.hasOwn(out, key)) out[key] = value;
  return out as T;
}

/** What a group of commands needs to add itself to the program. */
export interface Kit {
  readonly program: Command;
  readonly io: Io;
  /** Takes the exit code of a command that ran. */
  readonly done: (code: number) => void;
  readonly command: (parent: Command, usage: string, text: string) => Command;
  readonly withConfig: (one: Command) => Command;
  readonly pathsOf: (flags: PathFlags) => Paths;
}
