import type { Command } from 'commander';
import { flagsOf, type JsonFlag, type Kit, type PathFlags } from './kit.ts';
import type { TrustFlags } from './trust.ts';
import type { ChangeFlags } from './trust-change.ts';

/** `c138 key …` and `c138 trust …`: who signs, and whose signatures count. */
export function addTrust(kit: Kit): void {
  const { program, command, withConfig, pathsOf, io, done } = kit;
  const key = command(program, 'key', 'keystores');
  for (const [name, imported, text] of [
    ['new', false, 'make a key; the passphrase is asked on the terminal'],
    ['import', true, 'make a keystore from a private key that is typed on the terminal'],
  ] as const)
    command(key, name, text)
      .option('--out <file>', 'write the keystore there')
      .option('--json', 'machine-readable output')
      .action(async (flags: JsonFlag & { out?: string }) => {
        const { keyMake } = await import('./key.ts');
        done(await keyMake(pathsOf({}).keysDir, imported, flags, io));
      });
  command(key, 'external <command...>', 'let another program sign, a hardware wallet behind it for instance')
    .option('--out <file>', 'write its description there')
    .option('--json', 'machine-readable output')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nThe program gets EIP-712 typed data (JSON) on standard input, or in a file whose path stands for {file},\nand answers with the signature: 0x, 130 digits, v 1b or 1c. For a Ledger, for instance:\n  c138 key external -- cast wallet sign --ledger --data --from-file {file}',
    )
    .action(async (words: string[], flags: JsonFlag & { out?: string }) => {
      const { keyExternal } = await import('./key.ts');
      done(await keyExternal(pathsOf({}).keysDir, words, flags, io));
    });
  command(key, 'show [file]', 'the public part of the keystores')
    .option('--json', 'machine-readable output')
    .action(async (file: string | undefined, flags: JsonFlag) => {
      const { keyShow } = await import('./key.ts');
      done(await keyShow(pathsOf({}).keysDir, file, flags, io));
    });

  const trust = command(program, 'trust', 'the trust store: whose keys count');
  const withPerson = (one: Command): Command =>
    withConfig(one)
      .option('--person <id>', 'short id of the person, which stays the same')
      .option('--name <name>', 'the name to print')
      .option('--org <organisation>', 'where they belong')
      .option('--role <roles>', 'performer, witness, approver; separated by commas', 'performer');
  withPerson(
    command(trust, 'init', 'make version 1, with the key of this machine as root and performer'),
  ).action(async (_flags, self: Command) => {
    const flags = flagsOf<PathFlags & TrustFlags>(self);
    const { trustInit } = await import('./trust.ts');
    done(await trustInit(pathsOf(flags), flags, io));
  });
  withPerson(command(trust, 'add', 'make the next version, with one key more'))
    .option('--address <address>', 'the address of the key')
    .option('--pubkey <key>', 'its public key, 0x04…; other tools need it to check signatures')
    .option('--type <word>', 'where it is kept: keystore, hardware or external', 'keystore')
    .option('--from <time>', 'valid from (UTC); a minute ago by default')
    .option('--until <time>', 'valid until (UTC); a year from now by default')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & TrustFlags>(self);
      const { trustAdd } = await import('./trust.ts');
      done(await trustAdd(pathsOf(flags), flags, io));
    });
  withConfig(command(trust, 'revoke', 'make the next version, in which a key is not trusted any more'))
    .option('--address <address>', 'the address of the key')
    .option('--since <time>', 'from when on its signatures are void (UTC); now by default')
    .option('--reason <text>', 'why; whoever verifies later reads it')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & ChangeFlags>(self);
      const { trustRevoke } = await import('./trust-change.ts');
      done(await trustRevoke(pathsOf(flags), flags, io));
    });
  withConfig(
    command(trust, 'valid', 'make the next version, in which a key is valid longer, or is used no more'),
  )
    .option('--address <address>', 'the address of the key')
    .option('--until <time>', 'valid until (UTC), or now; what it signed before stands')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & ChangeFlags>(self);
      const { trustValid } = await import('./trust-change.ts');
      done(await trustValid(pathsOf(flags), flags, io));
    });
  withConfig(
    command(trust, 'chain', 'make the next version, with the validators that the estate file pins now'),
  ).action(async (_flags, self: Command) => {
    const { trustChain } = await import('./trust.ts');
    done(await trustChain(pathsOf(flagsOf<PathFlags>(self)), io));
  });
  withConfig(command(trust, 'roots', 'make the next version, with other roots; old and new quorum sign'))
    .option('--add <address...>', 'a root more')
    .option('--remove <address...>', 'a root less')
    .option('--threshold <n>', 'how many roots must sign')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & ChangeFlags>(self);
      const { trustRoots } = await import('./trust-change.ts');
      done(await trustRoots(pathsOf(flags), flags, io));
    });
  withConfig(command(trust, 'policy', 'make the next version, with other rules for second signatures'))
    .option('--witness-for <words>', 'critical, all, seal or none; separated by commas')
    .option('--countersigners <n>', 'least number of countersignatures over a seal')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & ChangeFlags>(self);
      const { trustPolicy } = await import('./trust-change.ts');
      done(await trustPolicy(pathsOf(flags), flags, io));
    });
  withConfig(command(trust, 'sign <proposal>', 'sign a proposed version as another of its roots')).action(
    async (file: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags>(self);
      const { trustSign } = await import('./trust-change.ts');
      done(await trustSign(file, pathsOf(flags), io));
    },
  );
  withConfig(command(trust, 'update <file>', 'take a version that somebody else made into force here'))
    .option('--root <address>', 'where no trust store is installed yet: the root that must have signed it')
    .action(async (file: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & ChangeFlags>(self);
      const { trustUpdate } = await import('./trust-change.ts');
      done(await trustUpdate(file, pathsOf(flags), flags, io));
    });
  withConfig(command(trust, 'show [file]', 'who is trusted'))
    .option('--json', 'machine-readable output')
    .action(async (file: string | undefined, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag>(self);
      const { trustShow } = await import('./trust.ts');
      done(await trustShow(file, pathsOf(flags), flags, io));
    });
}
