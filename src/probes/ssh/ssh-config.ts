/** One line of an OpenSSH client configuration (ssh_config(5)), with what lies under an Include already read. */
export type ConfigNode =
  | { readonly kind: 'set'; readonly key: string; readonly args: readonly string[] }
  | { readonly kind: 'host'; readonly patterns: readonly string[] }
  | { readonly kind: 'match'; readonly criteria: readonly string[] }
  | {
      readonly kind: 'include';
      readonly patterns: readonly string[];
      files: readonly (readonly ConfigNode[])[];
    };

/** Reads the text of a configuration file; Include lines are returned unread. A line that is not understood is left out. */
export function parseSshConfig(text: string): ConfigNode[] {
  const out: ConfigNode[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parts = /^([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+)(.*)$/.exec(line);
    if (parts?.[1] === undefined || parts[2] === undefined) continue;
    const key = parts[1].toLowerCase();
    const args = splitArgs(parts[2]);
    if (args.length === 0) continue;
    if (key === 'host') out.push({ kind: 'host', patterns: args });
    else if (key === 'match') out.push({ kind: 'match', criteria: args });
    else if (key === 'include') out.push({ kind: 'include', patterns: args, files: [] });
    // The whole rest of the line is one command.
    else if (key === 'proxycommand') out.push({ kind: 'set', key, args: [parts[2].trim()] });
    else out.push({ kind: 'set', key, args });
  }
  return out;
}

/** Words of a line: blanks part them, quotes hold them together, a word that begins with # ends the line. */
function splitArgs(text: string): string[] {
  const out: string[] = [];
  const word = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+)/g;
  for (const match of text.matchAll(word)) {
    const plain = match[3];
    if (plain?.startsWith('#') === true) break;
    out.push(plain ?? (match[1] ?? match[2] ?? '').replace(/\\(["'\\])/g, '$1'));
  }
  return out;
}

/** What a configuration says of one host; the first value of each key counts. */
export interface SshOptions {
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Values of keys that add up (IdentityFile). */
  readonly identityFiles: readonly string[];
  /** Lines that were left out because they would run a program. */
  readonly notes: readonly string[];
}

/** For whom a configuration is read. */
export interface SshQuery {
  /** As the estate file or a ProxyJump names it. */
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  readonly localUser: string;
}

interface State {
  readonly query: SshQuery;
  readonly values: Map<string, readonly string[]>;
  readonly identityFiles: string[];
  readonly notes: Set<string>;
  host: string;
  final: boolean;
  wantsFinal: boolean;
}

/** Values that are read; others mean nothing here. */
const KEYS = new Set([
  'hostname',
  'port',
  'user',
  'identitiesonly',
  'identityagent',
  'userknownhostsfile',
  'globalknownhostsfile',
  'hostkeyalias',
  'proxyjump',
  'proxycommand',
]);

/** Evaluates configurations for one host, in their order, as OpenSSH does. Pure. */
export function resolveSshConfig(files: readonly (readonly ConfigNode[])[], query: SshQuery): SshOptions {
  const state: State = {
    query,
    values: new Map(),
    identityFiles: [],
    notes: new Set(),
    host: query.host.toLowerCase(),
    final: false,
    wantsFinal: false,
  };
  if (query.user !== undefined) state.values.set('user', [query.user]);
  if (query.port !== undefined) state.values.set('port', [String(query.port)]);
  for (const file of files) evaluate(file, state, false, true);
  if (state.wantsFinal) {
    // A second reading, with the name found in the first one, which is final then.
    const name = hostNameOf(state);
    state.final = true;
    state.host = name.toLowerCase();
    state.values.set('hostname', [name.replaceAll('%', '%%')]);
    for (const file of files) evaluate(file, state, false, true);
  }
  return { values: state.values, identityFiles: state.identityFiles, notes: [...state.notes] };
}

function evaluate(nodes: readonly ConfigNode[], state: State, never: boolean, outer: boolean): void {
  let active = outer && !never;
  for (const node of nodes) {
    switch (node.kind) {
      case 'host':
        active = !never && matchesList(node.patterns, state.host);
        break;
      case 'match':
        active = matchesCriteria(node.criteria, state) && !never;
        break;
      case 'include':
        for (const file of node.files) evaluate(file, state, never || !active, active);
        break;
      case 'set':
        if (active) set(state, node.key, node.args);
    }
  }
}

function set(state: State, key: string, args: readonly string[]): void {
  const [first] = args;
  if (first === undefined) return;
  if (key === 'identityfile') {
    if (!state.identityFiles.includes(first)) state.identityFiles.push(first);
    return;
  }
  if (!KEYS.has(key) || state.values.has(key)) return;
  // One of the two ways through another host excludes the other.
  if (key === 'proxyjump' && state.values.has('proxycommand')) return;
  if (key === 'proxycommand' && state.values.has('proxyjump')) return;
  state.values.set(key, args);
}

function hostNameOf(state: State): string {
  const name = state.values.get('hostname')?.[0];
  return name === undefined ? state.query.host : expandTokens(name, { h: state.query.host });
}

function matchesCriteria(criteria: readonly string[], state: State): boolean {
  let all = true;
  for (let index = 0; index < criteria.length; index += 1) {
    const word = criteria[index] ?? '';
    const negated = word.startsWith('!');
    const [name = '', attached] = word.slice(negated ? 1 : 0).split(/=(.*)/s);
    const criterion = name.toLowerCase();
    let holds: boolean;
    if (criterion === 'all') holds = true;
    else if (criterion === 'canonical') holds = false;
    else if (criterion === 'final') {
      if (!negated) state.wantsFinal = true;
      holds = state.final;
    } else {
      if (attached === undefined) index += 1;
      const argument = attached ?? criteria[index] ?? '';
      holds = matchesOne(criterion, argument.split(','), state);
    }
    if (holds === negated) all = false;
  }
  return all;
}

function matchesOne(criterion: string, patterns: readonly string[], state: State): boolean {
  switch (criterion) {
    case 'host':
      return matchesList(patterns, hostNameOf(state).toLowerCase());
    case 'originalhost':
      return matchesList(patterns, state.query.host.toLowerCase());
    case 'user':
      return matchesList(patterns, state.values.get('user')?.[0] ?? state.query.localUser);
    case 'localuser':
      return matchesList(patterns, state.query.localUser);
    default:
      state.notes.add(`a "Match ${criterion}" of the SSH configuration is not looked at here`);
      return false;
  }
}

/** A list of patterns with `*`, `?` and `!`: a negated one that matches excludes. */
export function matchesList(patterns: readonly string[], text: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (!wildcard(negated ? pattern.slice(1) : pattern).test(text)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** A pattern of OpenSSH as a regular expression: `*` is any run of characters, `?` any one. */
export function wildcard(pattern: string): RegExp {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i');
}

/** Replaces `%x` by its value; `%%` is a percent sign, and an unknown one stays as it is. */
export function expandTokens(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (whole, letter: string) => (letter === '%' ? '%' : (values[letter] ?? whole)));
}
