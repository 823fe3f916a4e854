/** A number with its noun: `1 bridge`, `2 bridges`. The noun takes a plain s. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
