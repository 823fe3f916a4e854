import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { evidenceText } from '../evidence/canonical.ts';
import type { RecordBase } from '../model/index.ts';
import { TOOL } from './tool.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

function readLine(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/**
 * Where, when and with what a record is made. The wall clock is for people; order comes from `seq`, and the monotonic clock of
 * one boot shows a wall clock that was moved. Whether the clock is synchronised is not claimed here: null.
 */
export function recordContext(): Pick<RecordBase, 'v' | 'at' | 'clock' | 'where' | 'tool'> {
  const { uid, username } = userInfo();
  return {
    v: 1,
    at: new Date().toISOString(),
    clock: {
      mono_ns: process.hrtime.bigint().toString(),
      boot_id: readLine(BOOT_ID_FILE) ?? 'unknown',
      synced: null,
      source: 'system clock',
    },
    where: {
      host: evidenceText(hostname(), 100),
      node: null,
      vmid: null,
      tty: null,
      ssh_peer_sha256: null,
      uid,
      user: evidenceText(username, 60),
    },
    tool: { name: TOOL.name, version: TOOL.version, build_sha256: null },
  };
}
