import { sanitiseLine } from '../../model/index.ts';
import { PAYLOAD } from '../allow-list.ts';

/** Something that listens inside a container. */
export interface Listener {
  readonly protocol: string;
  readonly port: number;
  /** Null where `ss` names none. */
  readonly process: string | null;
  /** It listens on the loopback address only. */
  readonly local: boolean;
}

/** What every container of a distribution runs; none of it is a service that somebody put there. */
const BASE: ReadonlySet<string> = new Set(
  (
    '(sd-pam) agetty bash chronyd console-getty cron crond dbus-broker dbus-daemon dhclient dhcpcd find df getty init ' +
    'journald login lxc-attach master networkd-dispat ntpd pickup polkitd ps qmgr rsyslogd sh ss sshd systemctl systemd ' +
    'systemd-journal systemd-logind systemd-network systemd-networkd systemd-resolve systemd-resolved systemd-timesyn ' +
    'systemd-timesyncd systemd-udevd unattended-upgr'
  ).split(' '),
);
const SSH_PORT = 22;
const MAX_LISTED = 24;

/** True for a listener that belongs to the distribution itself. A socket that systemd holds for others counts on the port of SSH only. */
function isBase({ process, port }: Listener): boolean {
  if (process === null) return false;
  return process === 'systemd' ? port === SSH_PORT : BASE.has(process);
}

/** `ss -H -ltnup`: the listeners that are not the distribution's own, and how many there are in all. */
export function readListeners(text: string): { readonly all: number; readonly others: readonly Listener[] } {
  const all = text.split('\n').flatMap((row): readonly Listener[] => {
    const [protocol = '', , , , address = '', , users = ''] = row.trim().split(/\s+/);
    const port = Number(/:(\d{1,5})$/.exec(address)?.[1]);
    if (!/^(tcp|udp)/.test(protocol) || !Number.isInteger(port)) return [];
    const process = /\(\("([^"]{1,64})"/.exec(users)?.[1];
    return [
      {
        protocol: sanitiseLine(protocol, 8),
        port,
        process: process === undefined ? null : sanitiseLine(process, 40),
        local: /^(127\.|\[::1\])/.test(address),
      },
    ];
  });
  return { all: all.length, others: all.filter((one) => !isBase(one)).slice(0, MAX_LISTED) };
}

/** `ps -e -o comm=`: the names of processes that are not the distribution's own, each once. */
export function readProcesses(text: string): { readonly all: number; readonly others: readonly string[] } {
  const all = text
    .split('\n')
    .map((row) => row.trim())
    .filter((row) => row !== '');
  const others = [...new Set(all.filter((name) => !BASE.has(name)).map((name) => sanitiseLine(name, 40)))];
  return { all: all.length, others: others.sort().slice(0, MAX_LISTED) };
}

/** `systemctl list-units --state=running`: the names of the running services. */
export function readUnits(text: string): readonly string[] {
  const names = text.split('\n').map((row) => row.trim().split(/\s+/)[0] ?? '');
  return names
    .filter((name) => name.endsWith('.service'))
    .map((name) => sanitiseLine(name, 60))
    .slice(0, MAX_LISTED);
}

/**
 * `find` one level deep: what of the payload is there. A folder counts when it holds something, a program when it is there.
 * @param root what stands in front of each path
 */
export function readPayload(text: string, root: string): readonly string[] {
  const lines = text
    .split('\n')
    .filter((row) => row.startsWith(`${root}/`))
    .map((row) => row.slice(root.length));
  const folders = PAYLOAD.folders.flatMap((path) => {
    const held = lines.filter((row) => row.startsWith(`${path}/`)).length;
    return held === 0 ? [] : [`${path} (${held} entries)`];
  });
  return [...folders, ...PAYLOAD.programs.filter((path) => lines.includes(path))];
}

/** `df -P -k`: KiB used, or null. */
export function readUsed(text: string): number | null {
  const cells = text.trim().split('\n').at(-1)?.trim().split(/\s+/) ?? [];
  const used = Number(cells.at(-4));
  return cells.length >= 6 && Number.isSafeInteger(used) ? used : null;
}
