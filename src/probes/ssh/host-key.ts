import type { AnswerClass } from '../../model/index.ts';
import { fingerprint, type HostKeyVerdict, keyType, lookupName } from './known-hosts.ts';
import type { SshTarget } from './ssh-target.ts';

/** Names of hosts of which the operators' own notes record a change of key. */
const CHANGE_ON_RECORD: ReadonlySet<string> = new Set(['r630-04']);

/** Why a host key is not accepted, and how to go on. */
export function explainHostKey(
  verdict: Exclude<HostKeyVerdict, { verdict: 'known' }>,
  target: SshTarget,
  blob: Uint8Array,
): { readonly class: AnswerClass; readonly detail: string } {
  const token = lookupName(target);
  const presented = `${keyType(blob)} ${fingerprint(blob)}`;
  switch (verdict.verdict) {
    case 'revoked':
      return {
        class: 'ssh-host-key-revoked',
        detail: `${token} presented ${presented}, which line ${verdict.at.line} of ${verdict.at.file} revokes. Do not connect; find out why it is still in use`,
      };
    case 'changed': {
      const [first] = verdict.at;
      const file = first?.file ?? '';
      const lines = verdict.at.filter((one) => one.file === file).map((one) => one.line);
      const name = target.documentedName ?? target.name;
      const known = CHANGE_ON_RECORD.has(name) ? ` (a key change of ${name} is on record upstream)` : '';
      return {
        class: 'ssh-host-key-changed',
        detail: `the host key of ${token} changed${known}: it presented ${presented}, line ${lines.join(', ')} of ${file} holds another. Compare it on the host's own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if the change was intended: ssh-keygen -f ${file} -R '${token}', then add the new key`,
      };
    }
    case 'unknown': {
      const authority =
        verdict.authority === null
          ? ''
          : ` (line ${verdict.authority.line} of ${verdict.authority.file} names a @cert-authority, but host certificates are not supported here: add the key itself)`;
      return {
        class: 'ssh-host-key-unknown',
        detail: `the host key of ${token} is not in ${target.knownHostsFiles[0] ?? 'any known_hosts file'}: it presented ${presented}. Compare it on the host's own console, then add it to that file${authority}`,
      };
    }
  }
}
