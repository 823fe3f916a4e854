import { type Json, sanitiseJson, sanitiseLine } from '../model/index.ts';
import { addressOf } from './documents/table-reader.ts';

/** A hypervisor as the template names it. */
export interface TemplateHost {
  readonly name: string;
  readonly address: string | null;
  readonly cluster: string | null;
  readonly role: string | null;
  /** JSON pointer of the record. */
  readonly locator: string;
}

const NAME = ['hostname', 'host_name', 'name', 'node'];
const ADDRESS = ['mgmt_ip', 'management_ip', 'mgmtIp', 'ip', 'ipv4', 'address'];
const CLUSTER = ['cluster', 'cluster_name'];
const ROLE = ['role', 'role_summary'];

/**
 * Finds the hypervisors of a template, whose keys are not public: objects without a `category` or a VMID that have a host name and a management
 * address, a cluster or a role. Pure.
 */
export function templateHosts(json: unknown): readonly TemplateHost[] {
  const out = new Map<string, TemplateHost>();
  const visit = (value: Json, locator: string, depth: number): void => {
    if (depth > 10 || value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, `${locator}/${index}`, depth + 1);
      return;
    }
    const record = value as { readonly [key: string]: Json };
    if (Object.hasOwn(record, 'category')) return;
    const host = hostOf(record, locator);
    if (host !== null) {
      if (!out.has(host.name)) out.set(host.name, host);
      return;
    }
    for (const [key, item] of Object.entries(record)) visit(item, `${locator}/${key}`, depth + 1);
  };
  visit(sanitiseJson(json) as Json, '', 0);
  return [...out.values()];
}

function hostOf(record: { readonly [key: string]: Json }, locator: string): TemplateHost | null {
  const text = (keys: readonly string[]): string | null => {
    const key = keys.find((one) => typeof record[one] === 'string' && record[one] !== '');
    return key === undefined ? null : sanitiseLine(String(record[key]), 120);
  };
  const name = text(NAME);
  if (name === null || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return null;
  if (['vmid', 'ctid', 'vm_id'].some((key) => Object.hasOwn(record, key))) return null;
  const address = addressOf(text(ADDRESS) ?? '');
  const cluster = text(CLUSTER);
  const role = text(ROLE);
  if (address === null && cluster === null && role === null) return null;
  return { name, address, cluster, role, locator };
}
