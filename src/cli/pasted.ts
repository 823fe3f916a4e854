import type { ScriptClaim, ScriptReport } from '../estate/index.ts';
import { readPctList, readQmList } from '../probes/proxmox/text-tools.ts';

/** The tables that Proxmox's own tools print, by their header. */
const TOOLS = [
  { name: 'pct list', header: /^VMID\s+Status\s+Lock\s+Name\s*$/, read: readPctList },
  { name: 'qm list', header: /^\s*VMID\s+NAME\s+STATUS\s+MEM/, read: readQmList },
] as const;

/**
 * A report with what stands in it as pasted output of `pct list` and `qm list`: where nothing else reaches a host, somebody pastes what its tools
 * print. What was pasted is a statement of a person, not an observation of ours.
 */
export function withPasted(report: ScriptReport, text: string): ScriptReport {
  const lines = text.split(/\r?\n/);
  const claims = lines.flatMap((line, at): readonly ScriptClaim[] => {
    const tool = TOOLS.find((one) => one.header.test(line));
    if (tool === undefined) return [];
    const end = lines.findIndex((other, index) => index > at && isEnd(other));
    const table = lines.slice(at, end < 0 ? undefined : end).join('\n');
    return tool.read(table, '').rows.flatMap(({ vmid, status }): readonly ScriptClaim[] => {
      const word = String(status);
      if (word !== 'running' && word !== 'stopped') return [];
      return [
        {
          subject: `vmid:${Number(vmid)}`,
          state: word === 'running' ? 'up' : 'down',
          word,
          source: { document: report.document, locator: `${tool.name}, from line ${at + 1}`, rank: 2 },
        },
      ];
    });
  });
  return { ...report, claims: [...report.claims, ...claims] };
}

/** A table ends at an empty line or where another begins. */
function isEnd(line: string): boolean {
  return line.trim() === '' || TOOLS.some((one) => one.header.test(line));
}
