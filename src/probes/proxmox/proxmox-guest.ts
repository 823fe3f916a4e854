import { type JsonObject, sanitiseLine } from '../../model/index.ts';
import { dataOf, isRow, rowsOf, textOf, truthy, wholeOf } from './proxmox-rows.ts';

/** Backups of each guest in one storage: how many, and when the newest was made (seconds since 1970). */
export function readBackups(
  json: unknown,
): ReadonlyMap<number, { readonly count: number; readonly newest: number }> {
  const out = new Map<number, { count: number; newest: number }>();
  for (const row of rowsOf(json) ?? []) {
    const [vmid, at] = [wholeOf(row.vmid), wholeOf(row.ctime)];
    if (vmid === null || at === null) continue;
    const known = out.get(vmid);
    out.set(vmid, { count: (known?.count ?? 0) + 1, newest: Math.max(known?.newest ?? 0, at) });
  }
  return out;
}

/** What the configuration of a guest says of its network. An address without a prefix is none. */
export function readGuestConfig(json: unknown): JsonObject | null {
  const data = dataOf(json);
  if (!isRow(data)) return null;
  const nets: {
    name: string;
    bridge: string | null;
    vlan: number | null;
    address: string | null;
    mac: string | null;
  }[] = [];
  for (const [key, value] of Object.entries(data)) {
    if (!/^net\d+$/.test(key) || typeof value !== 'string') continue;
    const parts = new Map(
      value.split(',').map((part) => {
        const at = part.indexOf('=');
        return [part.slice(0, at < 0 ? part.length : at), at < 0 ? '' : part.slice(at + 1)] as const;
      }),
    );
    // A container has its address here; a machine has it in the cloud-init line of the same number, if anywhere.
    const cloud = data[`ipconfig${key.slice('net'.length)}`];
    const ip =
      parts.get('ip') ?? (typeof cloud === 'string' ? /(?:^|,)ip=([^,]+)/.exec(cloud)?.[1] : undefined);
    const mac =
      parts.get('hwaddr') ??
      parts.get('macaddr') ??
      [...parts.values()].find((one) => /^([0-9A-F]{2}:){5}[0-9A-F]{2}$/i.test(one));
    nets.push({
      name: sanitiseLine(parts.get('name') ?? key, 20),
      bridge: textOf(parts.get('bridge'), 32),
      vlan: wholeOf(parts.get('tag')),
      address: textOf(ip, 64),
      mac: textOf(mac, 20),
    });
  }
  return {
    hostname: textOf(data.hostname ?? data.name, 80),
    nets,
    addresses: nets.flatMap((one) => (one.address?.includes('/') ? [one.address] : [])),
    onboot: truthy(data.onboot),
    protection: truthy(data.protection),
    cores: wholeOf(data.cores),
    memoryMib: wholeOf(data.memory),
    tags: textOf(data.tags, 120),
    ostype: textOf(data.ostype, 20),
    rootVolume: typeof data.rootfs === 'string' ? textOf(data.rootfs.split(',')[0], 120) : null,
  };
}
