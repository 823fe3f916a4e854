import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Endpoint } from '../../src/model/index.ts';
import { endpoint } from './context.ts';

/** Paths of a made-up Proxmox API, without `/api2/json`, and what they hold. */
export type Answers = Readonly<Record<string, unknown>>;

/** The rights of a token with the role PVEAuditor, as far as they matter here. */
export const AUDITOR = { '/': { 'VM.Audit': 1, 'Sys.Audit': 1 }, '/vms': { 'VM.Audit': 1 } };

/** A made-up API in the envelope; a path that is missing is 501, as for Proxmox. */
export class MadeApis {
  readonly #servers: ReturnType<typeof createServer>[] = [];

  async listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
    const server = createServer(answer);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  async serve(answers: Answers, more: Partial<Endpoint> = {}): Promise<Endpoint> {
    const port = await this.listen((request, response) => {
      const data = answers[(request.url ?? '').replace('/api2/json', '')];
      response.writeHead(data === undefined ? 501 : 200, {
        'content-type': 'application/json;charset=UTF-8',
      });
      response.end(JSON.stringify({ data: data ?? null }));
    });
    return endpoint({ url: `http://127.0.0.1:${port}`, kind: 'proxmox-api', subject: 'host:n1', ...more });
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.splice(0).map(
        (one) =>
          new Promise((resolve) => {
            one.closeAllConnections();
            one.close(resolve);
          }),
      ),
    );
  }
}

/** Writes made-up programs of a Proxmox node into a folder of their own: name to the shell script that stands for it. */
export function madeNode(parent: string, programs: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(parent, 'node-'));
  for (const [name, script] of Object.entries(programs)) {
    const file = join(dir, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
  return dir;
}

/** The script of a made-up `pvesh`, which prints the bare content of each path, and does something else for every other. */
export function pveshScript(parent: string, answers: Answers, otherwise: string): string {
  const dir = mkdtempSync(join(parent, 'json-'));
  const cases = Object.entries(answers).map(([path, value], index) => {
    const file = join(dir, `${index}.json`);
    writeFileSync(file, JSON.stringify(value));
    return `"get ${path} --output-format json") cat ${file};;`;
  });
  return `case "$*" in\n${cases.join('\n')}\n*) ${otherwise};;\nesac`;
}
