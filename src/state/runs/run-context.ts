import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { evidenceText } from '../../evidence/record/canonical.ts';
import type { RecordBase } from '../../model/index.ts';
import { buildSha256 } from '../../program/parts.ts';
import { TOOL } from '../tool.ts';
import { clockSource } from './clock-source.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';
/** Where Proxmox VE keeps what its cluster agrees on; only its nodes have it. */
const PVE_FOLDER = '/etc/pve/local';

function readLine(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/**
 * Where, when and with what a record is made. The wall clock is for people; order comes from `seq`, and the monotonic clock of
 * one boot shows a wall clock that was moved.
 */
export function recordContext(): Pick<RecordBase, 'v' | 'at' | 'clock' | 'where' | 'tool'> {
  const { uid, username } = userInfo();
  return {
    v: 1,
    at: new Date().toISOString(),
    clock: {
      mono_ns: process.hrtime.bigint().toString(),
      boot_id: readLine(BOOT_ID_FILE) ?? 'unknown',
      ...clockSource(),
    },
    where: {
      host: evidenceText(hostname(), 100),
      node: nodeHere(),
      // A container does not know its own VMID, and nobody guesses it here.
      vmid: null,
      tty: terminalHere(),
      ssh_peer_sha256: sshPeer(process.env),
      uid,
      user: evidenceText(username, 60),
    },
    tool: { name: TOOL.name, version: TOOL.version, build_sha256: buildSha256() },
  };
}

/** Name of the Proxmox node that this is, or null. */
function nodeHere(): string | null {
  return existsSync(PVE_FOLDER) ? evidenceText(hostname().split('.')[0] ?? '', 100) : null;
}

/** The terminal that the operator sits at, or null where there is none. */
function terminalHere(): string | null {
  try {
    const name = readlinkSync('/proc/self/fd/0');
    return /^\/dev\/(pts\/\d{1,6}|tty[A-Za-z0-9]{0,12}|console)$/.test(name) ? name : null;
  } catch {
    return null;
  }
}

/**
 * SHA-256 of the address that an SSH session came from (the first word of SSH_CONNECTION), in hexadecimal: two records can be told to
 * come from the same machine, and the address itself is not published. Null without SSH, and where sudo dropped the variable.
 */
export function sshPeer(env: Readonly<Record<string, string | undefined>>): string | null {
  const [peer = ''] = (env.SSH_CONNECTION ?? '').split(' ');
  return /^[\w.:%]{2,80}$/.test(peer) ? createHash('sha256').update(peer).digest('hex') : null;
}
