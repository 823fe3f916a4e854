import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keccak256 } from 'ethers';
import { lintBesuConfig } from '../../src/chain/besu-lint.ts';
import {
  blockOfRlp,
  buildSealedBlock,
  headerRlp,
  proveBlock,
  trieProof,
  trieRoot,
  valueByProof,
} from '../../src/chain/index.ts';
import { parseEstateFile } from '../../src/estate/index.ts';
import { checkpointText, parseCheckpoint } from '../../src/evidence/checkpoint.ts';
import { readRequest, toPaste } from '../../src/evidence/exchange.ts';
import { parseRunbookBytes } from '../../src/evidence/journal/runbook-bytes.ts';
import { inspectKeystore, makeKeystore } from '../../src/evidence/keystore.ts';
import { type AnchorFile, anchorBytes, checkAnchor } from '../../src/evidence/outside/anchor.ts';
import { writeBundle } from '../../src/evidence/outside/bundle.ts';
import { readAllowedSigners } from '../../src/evidence/outside/ssh-allowed.ts';
import { readSshSignature } from '../../src/evidence/outside/sshsig.ts';
import { openTar, readTarIndex } from '../../src/evidence/outside/tar.ts';
import { checkTimestamp } from '../../src/evidence/outside/timestamp.ts';
import { anchorTransaction } from '../../src/evidence/record/anchor-tx.ts';
import { parseLine } from '../../src/evidence/record/line.ts';
import { parseBody } from '../../src/evidence/record/record.ts';
import { parseTrust } from '../../src/evidence/trust/trust.ts';
import { readPoolGenesis } from '../../src/probes/pool-genesis.ts';
import { parseKnownHosts } from '../../src/probes/ssh/known-hosts.ts';
import { parseSshConfig, resolveSshConfig } from '../../src/probes/ssh/ssh-config.ts';
import { readRpc } from '../../src/probes/transports/json-rpc.ts';
import { compileRunbook } from '../../src/runbooks/index.ts';
import { parseExternal } from '../../src/signer/external.ts';
import { witnessRequest } from '../../src/state/runs/witness.ts';
import { ANNA } from '../evidence/make.ts';
import { everyKind } from '../evidence/suites/every-kind.ts';
import { linesOf } from '../evidence/suites/mutations.ts';

/** Something that reads what others wrote. */
export interface Parser {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Names of the errors with which it may refuse; anything else is a fault. */
  readonly refusals: readonly string[];
  readonly read: (bytes: Uint8Array) => unknown;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const root = join(import.meta.dirname, '../..');
const bundled = (name: string): Uint8Array => readFileSync(join(root, 'src/runbooks/bundled', name));

const ESTATE_FILE = `v: 1
id: demo:fuzz
name: An estate
mirror: /mnt/mirror
chain: {id: 138, genesis_hash: '0x${'ab'.repeat(32)}', validators: ['0x${'11'.repeat(20)}'], from_block: 0}
endpoints:
  - {id: rpc-1, subject: 'vmid:1000', kind: json-rpc, url: 'http://127.0.0.1:8545', timeout_ms: 3000}
  - {id: pve-1, subject: 'host:r630-01', kind: proxmox-api, url: 'https://localhost:8006', token: {file: /etc/c138/token}}
thresholds: {block_period_s: 2}
`;
const KNOWN_HOSTS = `# a comment
r630-01,192.0.2.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==
@revoked *.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
[127.0.0.1]:2222 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA==
`;
const SSH_CONFIG = `Host jump
  HostName 192.0.2.9
  User ops
Match host r630-* user root
  ProxyJump jump
  IdentityFile ~/.ssh/id_%h
Host * !bad
  Port 22
  UserKnownHostsFile ~/.ssh/known_hosts /dev/null
`;
const BESU = `data-path="/data"
network-id=138
rpc-http-enabled=true
rpc-http-api=["ETH","NET","QBFT"]
[section]
miner-enabled = false # a comment
`;
const GENESIS_POOL = `{"reqSignature":{},"txn":{"data":{"data":{"alias":"N1","client_ip":"192.0.2.1","client_port":9702,"node_ip":"192.0.2.1","node_port":9701,"services":["VALIDATOR"]},"dest":"Gw6pDLhcBcoQesN72qfotTgFa7cbuqZpkX3Xo6pLhPhv"},"type":"0"},"ver":"1"}\n`;
const ALLOWED = `anna@example namespaces="dbis-evidence",valid-after="20260101" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n`;
const SSH_SIGNATURE = `-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAANZGJpcy1ldmlkZW5jZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEA=
-----END SSH SIGNATURE-----
`;

/** Every parser of the program that reads what somebody else wrote, with good seeds. */
export async function parsers(): Promise<{ readonly list: readonly Parser[]; readonly clean: () => void }> {
  const made = await everyKind();
  const folder = mkdtempSync(join(tmpdir(), 'c138-fuzz-'));
  const lines = linesOf(made).map((line) => Buffer.from(line));
  const bundle = join(folder, 'bundle.tar');
  await writeBundle(made.dir, bundle);
  const request = await witnessRequest(made.dir, 3);
  const keystore = await makeKeystore(`0x${'a1'.repeat(32)}`, 'a passphrase', 1024);
  const hash = `0x${'12'.repeat(32)}` as const;
  const tx = anchorTransaction({ from: ANNA.address, nonce: 0, gasPrice: '1', sealSha256: hash });
  tx.signature = ANNA.key.sign(tx.unsignedHash);
  const list = [tx.serialized, `0x${'22'.repeat(60)}`, `0x${'33'.repeat(60)}`];
  const block = buildSealedBlock({
    number: 7,
    parentHash: hash,
    timestamp: 1_780_000_000,
    validators: [ANNA.address],
    round: 0,
    proposer: ANNA.address,
    sealers: [ANNA.key.privateKey],
    fields: { transactionsRoot: trieRoot(list) },
  });
  const anchor: AnchorFile = {
    format: 'c138-anchor',
    v: 1,
    session: hash,
    tx: tx.serialized,
    index: 0,
    proof: trieProof(list, 0),
    header: headerRlp(block),
  };
  const blockText = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: block }));
  const tarFile = join(folder, 'mutated.tar');
  const all: Parser[] = [
    {
      name: 'journal line',
      seeds: lines,
      refusals: ['LineError', 'RecordError', 'CanonicalError'],
      read: (bytes) => parseBody(parseLine(bytes).bodyBytes),
    },
    { name: 'trust store', seeds: [made.trust], refusals: ['TrustError'], read: parseTrust },
    {
      name: 'runbook (canonical)',
      seeds: [readFileSync(join(made.dir, 'runbook.json'))],
      refusals: ['RecordError', 'CanonicalError'],
      read: parseRunbookBytes,
    },
    {
      name: 'runbook (YAML)',
      seeds: ['lost-passphrase.yaml', 'phase3-follow-ups.yaml'].map(bundled),
      refusals: ['RunbookError', 'VariableError'],
      read: (bytes) => compileRunbook(text(bytes), 'x.yaml', null),
    },
    {
      name: 'estate file',
      seeds: [Buffer.from(ESTATE_FILE)],
      refusals: ['EstateFileError'],
      read: (bytes) => parseEstateFile(text(bytes), 'x.yaml'),
    },
    {
      name: 'keystore',
      seeds: [Buffer.from(keystore)],
      refusals: ['KeystoreError'],
      read: (bytes) => inspectKeystore(text(bytes)),
    },
    {
      name: 'external signer',
      seeds: [
        Buffer.from('{"format":"c138-external-signer","v":1,"address":"0x00","command":["x"],"timeout_s":3}'),
      ],
      refusals: ['ExternalSignerError'],
      read: (bytes) => parseExternal(text(bytes)),
    },
    {
      name: 'known_hosts',
      seeds: [Buffer.from(KNOWN_HOSTS)],
      refusals: [],
      read: (bytes) => parseKnownHosts(text(bytes), 'x'),
    },
    {
      name: 'ssh configuration',
      seeds: [Buffer.from(SSH_CONFIG)],
      refusals: ['SshConfigError'],
      read: (bytes) =>
        resolveSshConfig([parseSshConfig(text(bytes))], {
          host: 'r630-01',
          user: 'root',
          localUser: 'x',
          home: '/root',
        } as never),
    },
    {
      name: 'RPC answer',
      seeds: [blockText],
      refusals: [],
      read: (bytes) =>
        readRpc({
          class: 'ok',
          status: 200,
          reason: '',
          contentType: 'application/json',
          date: '',
          body: bytes,
          detail: '',
        }),
    },
    {
      name: 'block',
      seeds: [blockText],
      refusals: [],
      read: (bytes) => proveBlock(resultOf(bytes), { validators: [ANNA.address] }),
    },
    {
      name: 'anchor',
      seeds: [anchorBytes(anchor)],
      refusals: ['AnchorError'],
      read: (bytes) => checkAnchor('anchor-x.json', bytes, { session: hash, lineSha256: hash }, null),
    },
    {
      name: 'anchor RLP',
      seeds: [...anchor.proof, anchor.header].map((one) => Buffer.from(one.slice(2), 'hex')),
      refusals: ['TrieError', 'HeaderError', 'ExtraDataError'],
      read: (bytes) => {
        const raw = `0x${Buffer.from(bytes).toString('hex')}`;
        try {
          blockOfRlp(raw);
        } finally {
          valueByProof(keccak256(raw), 0, [raw, ...anchor.proof.slice(1)]);
        }
      },
    },
    {
      name: 'witness request',
      seeds: [Buffer.from(toPaste(request))],
      refusals: ['ExchangeError'],
      read: (bytes) => readRequest(text(bytes)),
    },
    {
      name: 'checkpoint',
      seeds: [Buffer.from(checkpointText({ session: hash, size: 3, root: hash }))],
      refusals: [],
      read: (bytes) => parseCheckpoint(text(bytes)),
    },
    {
      name: 'SSH signature',
      seeds: [Buffer.from(SSH_SIGNATURE)],
      refusals: ['SshSigError'],
      read: readSshSignature,
    },
    {
      name: 'allowed signers',
      seeds: [Buffer.from(ALLOWED)],
      refusals: ['SshSigError'],
      read: (bytes) => readAllowedSigners(text(bytes)),
    },
    {
      name: 'time stamp',
      seeds: [Buffer.from('3082010a300302010030820101', 'hex')],
      refusals: ['TimestampError'],
      read: (bytes) => checkTimestamp(bytes, Buffer.alloc(32), null),
    },
    {
      name: 'bundle',
      seeds: [readFileSync(bundle)],
      refusals: ['TarError'],
      read: async (bytes) => {
        writeFileSync(tarFile, bytes);
        const handle = await openTar(tarFile);
        try {
          return await readTarIndex(handle, bytes.length);
        } finally {
          await handle.close();
        }
      },
    },
    {
      name: 'Besu configuration',
      seeds: [Buffer.from(BESU)],
      refusals: [],
      read: (bytes) => lintBesuConfig(text(bytes), null),
    },
    {
      name: 'pool genesis',
      seeds: [Buffer.from(GENESIS_POOL)],
      refusals: [],
      read: (bytes) => readPoolGenesis(text(bytes)),
    },
  ];
  return {
    list: all,
    clean: () => {
      made.clean();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function resultOf(bytes: Uint8Array): unknown {
  try {
    return (JSON.parse(text(bytes)) as { result?: unknown } | null)?.result;
  } catch {
    return null;
  }
}
