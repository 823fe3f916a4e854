import type { Command } from 'commander';
import type { AnchorFlags } from './evidence-anchor.ts';
import type { VerifyFlags } from './evidence-verify.ts';
import type { WitnessFlags } from './evidence-witness.ts';
import { flagsOf, type Kit, type PathFlags } from './kit.ts';

/** `c138 evidence …`: check, witness and countersign what people signed. */
export function addEvidence(kit: Kit): void {
  const { program, command, withConfig, pathsOf, io, done } = kit;
  const evidence = command(program, 'evidence', 'check what people signed, offline');
  withConfig(command(evidence, 'verify <session>', 'verify a session folder or a bundle'))
    .option('--trust <file>', 'the trust store to check against; by default the installed one')
    .option('--root <address>', 'trust the store of the session if this root signed it')
    .option('--allowed-signers <file>', 'whose SSH signatures count (OpenSSH allowed signers)')
    .option('--tsa <file>', 'certificates of the time stamping authorities that count (PEM)')
    .option('--second <folder>', 'a second copy of the session, to look for a fork')
    .option(
      '--checkpoint <noted>',
      'what somebody noted of the open session: a file of three lines, or eight characters',
    )
    .option('--report <file>', 'write the result there as a document for people (Markdown)')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit codes: 0 sealed and policy met, 10 open, 11 policy not met, 20 tampered, 21 fork,\n30 untrusted or unpinned signer, 31 trust store bad, 40 malformed, 50 unreadable.',
    )
    .action(async (path: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & VerifyFlags>(self);
      const { evidenceVerify } = await import('./evidence-verify.ts');
      done(await evidenceVerify(path, flags, pathsOf(flags), io));
    });

  command(evidence, 'export <session>', 'write a session as one file, the same bytes each time')
    .option('--out <file>', 'write it there')
    .action(async (session: string, flags: { out?: string }) => {
      const { evidenceExport } = await import('./evidence-export.ts');
      done(await evidenceExport(session, flags, io));
    });

  command(evidence, 'sessions <folder>', 'which sessions a folder holds, and which are missing between them')
    .option('--json', 'machine-readable output')
    .action(async (folder: string, flags: { json?: boolean }) => {
      const { evidenceSessions } = await import('./evidence-sessions.ts');
      done(await evidenceSessions(folder, flags, io));
    });
  command(evidence, 'log <session>', 'the timeline of a session or a bundle')
    .option('--json', 'machine-readable output')
    .action(async (session: string, flags: { json?: boolean }) => {
      const { evidenceLog } = await import('./evidence-log.ts');
      done(await evidenceLog(session, flags, io));
    });
  command(evidence, 'record <session> <number>', 'what was signed in one record, for other tools')
    .option('--typed-data <file>', 'write it there as EIP-712 typed data (JSON)')
    .option('--json', 'machine-readable output')
    .action(async (session: string, number: string, flags: { typedData?: string; json?: boolean }) => {
      const { evidenceRecord } = await import('./evidence-log.ts');
      done(await evidenceRecord(session, number, flags, io));
    });

  const stamp = command(evidence, 'timestamp', 'time stamps from outside the estate (RFC 3161)');
  command(stamp, 'request <session>', 'write the request for the sealed journal; send it as you like')
    .option('--out <file>', 'write it there')
    .action(async (session: string, flags: { out?: string }) => {
      const { timestampAsk } = await import('./evidence-timestamp.ts');
      done(await timestampAsk(session, flags, io));
    });
  command(stamp, 'take <session> <reply>', 'check a reply and put it beside the journal').action(
    async (session: string, reply: string) => {
      const { timestampTake } = await import('./evidence-timestamp.ts');
      done(await timestampTake(session, reply, io));
    },
  );

  withConfig(
    command(evidence, 'anchor <session>', 'send the digest of a seal to Chain 138 and keep the proof of it'),
  )
    .option('--endpoint <id>', 'the JSON-RPC endpoint of the estate file to send to; by default the first')
    .option('--transaction <hash>', 'send nothing: fetch the proof of this transaction')
    .option('--wait <seconds>', 'how long to wait for a block', '60')
    .option('--trust <file>', 'the trust store that pins the validators; by default the installed one')
    .addHelpText(
      'after',
      '\nThe only command that writes to a chain: a transaction of nothing to yourself. It shows what it would\nsend and asks for a code. Exit codes: 0 the proof is kept, 1 it is not there (yet), 2 usage or configuration.',
    )
    .action(async (session: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & AnchorFlags>(self);
      const { evidenceAnchor } = await import('./evidence-anchor.ts');
      done(await evidenceAnchor(session, pathsOf(flags), flags, io));
    });

  const witness = command(evidence, 'witness', 'the signature of another person, on another machine');
  const withExchange = (one: Command): Command =>
    withConfig(one)
      .option('--out <file>', 'write it there')
      .option('--paste', 'print it as one line of text too')
      .option('--trust <file>', 'the trust store that names people; by default the installed one');
  withExchange(command(witness, 'ask <session>', 'write the request for an answer of a session'))
    .option('--step <id>', 'the answer of this step, not the one that most wants a witness')
    .action(async (session: string, _flags, self: Command) => {
      const { witnessAsk } = await import('./evidence-witness.ts');
      done(await witnessAsk(session, flagsOf<WitnessFlags>(self), io));
    });
  withExchange(command(witness, 'sign <request>', 'read a request (a file, its text, or -) and sign it'))
    .option(
      '--meaning <word>',
      'witnessed, reviewed, approved, or accepted to take over a run; by default what the request asks for',
    )
    .action(async (request: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & WitnessFlags>(self);
      const { witnessSign } = await import('./evidence-witness.ts');
      done(await witnessSign(request, pathsOf(flags), flags, io));
    });
  withExchange(
    command(witness, 'take <session> <answer>', 'add the answer to a session that is not open'),
  ).action(async (session: string, answer: string, _flags, self: Command) => {
    const flags = flagsOf<PathFlags & WitnessFlags>(self);
    const { witnessTake } = await import('./evidence-witness.ts');
    done(await witnessTake(session, answer, pathsOf(flags), flags, io));
  });
  withConfig(command(evidence, 'countersign <session>', 'verify a sealed session and sign its seal'))
    .option('--trust <file>', 'the trust store that names people; by default the installed one')
    .option('--meaning <word>', 'witnessed, reviewed or approved', 'reviewed')
    .action(async (session: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & WitnessFlags>(self);
      const { countersign } = await import('./evidence-witness.ts');
      done(await countersign(session, pathsOf(flags), flags, io));
    });
}
