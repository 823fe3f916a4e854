import { randomUUID } from 'node:crypto';
import ssh2, { type Server } from 'ssh2';
import { CLUSTER, HOSTS, type HostName } from './estate-data.ts';
import { answerInside, type InsideState } from './inside.ts';

export interface SshHost extends InsideState {
  readonly host: HostName;
  readonly hostKey: string;
  readonly clientPublicKey: string;
  readonly hostOnline: (host: HostName) => boolean;
  /** Its clock minus the real time, in milliseconds. */
  readonly clockMs?: number;
}

/** Makes an Ed25519 key pair in OpenSSH form. ssh2 now and then writes one that it cannot read back; such a pair is made anew. */
export function makeSshKey(): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'c138 simulated estate' });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

/** An SSH server that knows a few read-only commands of a Proxmox host. */
export function makeSshServer(options: SshHost): Server {
  const allowed = ssh2.utils.parseKey(options.clientPublicKey);
  if (allowed instanceof Error) throw allowed;
  return new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method !== 'publickey' || !context.key.data.equals(allowed.getPublicSSH()))
        return context.reject(['publickey']);
      if (
        context.signature !== undefined &&
        !allowed.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo)
      )
        return context.reject(['publickey']);
      context.accept();
    });
    client.on('ready', () => {
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec, _reject, info) => {
          const stream = acceptExec();
          const { out, exit } = run(options, info.command);
          stream.write(out);
          stream.exit(exit);
          stream.end();
        });
      });
    });
  });
}

function run(options: SshHost, command: string): { out: string; exit: number } {
  switch (command) {
    case 'hostname':
      return { out: `${options.host}\n`, exit: 0 };
    case 'date +%s%3N':
      return { out: `${Date.now() + (options.clockMs ?? 0)}\n`, exit: 0 };
    case 'uptime':
      return { out: ' up 10 days\n', exit: 0 };
    case 'cat /proc/sys/kernel/random/boot_id':
      return { out: `${randomUUID()}\n`, exit: 0 };
    case 'pct list': {
      const rows = options.guests().filter((guest) => guest.host === options.host);
      const line = (...cells: string[]): string =>
        `${cells[0]?.padEnd(10)} ${cells[1]?.padEnd(10)} ${cells[2]?.padEnd(12)} ${cells[3]?.padEnd(20)}\n`;
      const body = rows.map((guest) =>
        line(String(guest.vmid), guest.running ? 'running' : 'stopped', '', guest.name),
      );
      return {
        out: rows.length === 0 ? '' : `${line('VMID', 'Status', 'Lock', 'Name')}${body.join('')}`,
        exit: 0,
      };
    }
    case 'pvecm status': {
      const up = HOSTS.filter((host) => options.hostOnline(host));
      const quorate = up.length * 2 > HOSTS.length;
      const lines = [
        `Name:             ${CLUSTER}`,
        '',
        `Nodes:            ${up.length}`,
        `Quorate:          ${quorate ? 'Yes' : 'No'}`,
        `Expected votes:   ${HOSTS.length}`,
        `Total votes:      ${up.length}`,
        `Quorum:           ${Math.floor(HOSTS.length / 2) + 1}${quorate ? '' : ' Activity blocked'}`,
      ];
      return { out: `${lines.join('\n')}\n`, exit: quorate ? 0 : 2 };
    }
    case 'qm list':
      return { out: '', exit: 0 };
    default:
      return answerInside(options, options.host, command) ?? { out: '', exit: 127 };
  }
}
