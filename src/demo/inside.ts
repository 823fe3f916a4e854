import type { SimGuest } from './estate-data.ts';

/** What stands inside the simulated containers, as the commands of a Proxmox host print it. */
export interface InsideState {
  readonly guests: () => readonly SimGuest[];
  /** What listens in a container besides the distribution, or null. */
  readonly listener: (vmid: number) => { readonly process: string; readonly port: number } | null;
}

/** The host whose containers lie on ZFS, where their file systems are mounted also while they are stopped. */
export const ZFS_HOST = 'r630-02';
export const ZFS_POOL = 'rpool/data';

const USED_KIB = 612_000;

/** The volume of a container's root file system. */
export function rootVolume(guest: SimGuest): string {
  return guest.host === ZFS_HOST
    ? `local-zfs:subvol-${guest.vmid}-disk-0`
    : `local-lvm:vm-${guest.vmid}-disk-0`;
}

/** Answers the read-only commands about the inside of a container, or null for any other command. */
export function answerInside(state: InsideState, host: string, command: string): Printed | null {
  const exec = /^pct exec (\d+) -- (\S+)(.*)$/.exec(command);
  if (exec !== null) {
    const guest = state.guests().find((one) => String(one.vmid) === exec[1] && one.host === host);
    if (guest === undefined) return { out: '', exit: 2 };
    return guest.running ? inside(state, guest, exec[2] ?? '') : { out: '', exit: 255 };
  }
  const volume = /^pvesm path local-zfs:(subvol-\d+-disk-0)$/.exec(command);
  if (volume !== null) return { out: `/${ZFS_POOL}/${volume[1]}\n`, exit: 0 };
  if (/^mountpoint -q \/rpool\/data\/subvol-\d+-disk-0$/.test(command))
    return { out: '', exit: host === ZFS_HOST ? 0 : 1 };
  if (/^find -P \/rpool\//.test(command)) return { out: '', exit: 1 };
  const disk = /^df -P -k (\/rpool\/\S+)$/.exec(command);
  return disk === null ? null : { out: usage(disk[1] ?? ''), exit: 0 };
}

interface Printed {
  readonly out: string;
  readonly exit: number;
}

function inside(state: InsideState, guest: SimGuest, program: string): Printed {
  const listener = state.listener(guest.vmid);
  switch (program) {
    case 'ss': {
      const rows = ['tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=160,fd=3))'];
      if (listener !== null)
        rows.push(`tcp LISTEN 0 64 *:${listener.port} *:* users:(("${listener.process}",pid=301,fd=6))`);
      return { out: `${rows.join('\n')}\n`, exit: 0 };
    }
    case 'ps':
      return {
        out: `systemd\nsystemd-journal\nsshd\n${listener === null ? '' : `${listener.process}\n`}`,
        exit: 0,
      };
    case 'systemctl':
      return { out: 'ssh.service loaded active running OpenBSD Secure Shell server\n', exit: 0 };
    case 'find':
      return listener?.process === 'peer'
        ? { out: '/etc/hyperledger\n/etc/hyperledger/fabric\n/usr/local/bin/peer\n', exit: 1 }
        : { out: '', exit: 1 };
    case 'df':
      return { out: usage('/'), exit: 0 };
    default:
      return { out: '', exit: 255 };
  }
}

function usage(path: string): string {
  return `Filesystem 1024-blocks Used Available Capacity Mounted on\nsim ${USED_KIB * 100} ${USED_KIB} ${USED_KIB * 99} 1% ${path}\n`;
}
