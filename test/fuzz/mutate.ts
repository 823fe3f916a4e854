/** Repeatable random numbers (mulberry32), so that every input can be made again from its number. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What breaks parsers more often than chance does. */
const TOKENS = [
  '__proto__',
  'constructor',
  'toString',
  '{"__proto__":{"x":1}}',
  '"hasOwnProperty":1',
  'null',
  'true',
  '-0',
  '1e999',
  '9007199254740993',
  '1'.repeat(400),
  '\\ud800',
  '\ud83d',
  '\u0000',
  '\ufeff',
  '\u202e',
  '\u001b[2J',
  '\u009b31m',
  '\r\n',
  '\n\n\n',
  '\t',
  '[[[[[[[[',
  '{{{{{{{{',
  ']]]]]]]]',
  '&a [*a,*a]',
  '!!js/function "x"',
  '<<: *x',
  '---\n',
  '0x',
  `0x${'f'.repeat(200)}`,
  '0xc0',
  'f90fff',
  '*',
  '?',
  '%',
  '"',
  "'",
  '\\',
  '|1|',
  '@revoked',
  'ProxyJump none',
  'Include *',
  ' ',
  '',
];

/** One hostile version of a seed: bytes flipped, cut, doubled, swapped with another seed, tokens put in. */
export function mutate(seeds: readonly Uint8Array[], random: (below: number) => number): Uint8Array {
  let bytes = Buffer.from(seeds[random(seeds.length)] ?? []);
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + random(40));
    const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
    switch (random(8)) {
      case 0: {
        const flipped = Buffer.from(bytes);
        if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random(8));
        bytes = flipped;
        break;
      }
      case 1:
        bytes = Buffer.concat([before, after]);
        break;
      case 2:
        bytes = Buffer.concat([before, part, part, after]);
        break;
      case 3:
        bytes = Buffer.from(before);
        break;
      case 4:
      case 5:
        bytes = Buffer.concat([before, Buffer.from(TOKENS[random(TOKENS.length)] ?? ''), part, after]);
        break;
      case 6: {
        const other = Buffer.from(seeds[random(seeds.length)] ?? []);
        const from = random(other.length + 1);
        bytes = Buffer.concat([before, other.subarray(from, from + random(200)), after]);
        break;
      }
      default:
        bytes = Buffer.concat([before, Buffer.from([random(256)]), after]);
    }
  }
  return bytes;
}
