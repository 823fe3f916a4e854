import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { type Document, LineCounter, parseDocument } from 'yaml';
import schema from '../../schemas/estate.schema.json' with { type: 'json' };
import { sanitiseLine } from '../model/index.ts';
import { EstateFileError } from './errors.ts';

/** The estate file as written, after validation against its published schema. */
export interface EstateDocument {
  readonly v: 1;
  readonly id: string;
  readonly name: string;
  readonly simulated?: boolean;
  readonly chain: {
    readonly id: number;
    readonly network_id?: number;
    readonly pin?: {
      readonly genesis_hash: string;
      readonly validators: readonly string[];
      readonly from_block?: number;
    };
  };
  readonly template?: string;
  readonly mapping?: string;
  /** The operators' checkout that the template and the documents came from. */
  readonly repository?: string;
  readonly documents?: readonly { readonly kind: string; readonly path: string; readonly date?: string }[];
  readonly cluster?: string;
  readonly mirror?: string;
  readonly hosts?: readonly {
    readonly name: string;
    readonly role?: string;
    readonly absence_tolerated?: boolean;
    readonly critical?: boolean;
  }[];
  readonly programs?: readonly {
    readonly id: string;
    readonly name: string;
    readonly status_word: string;
    readonly section?: number;
    readonly depends_on?: readonly string[];
  }[];
  readonly subjects?: readonly {
    readonly id: string;
    readonly critical?: boolean;
    readonly absence_tolerated?: boolean;
    readonly tier?: string;
    readonly status_word?: string;
    readonly depends_on?: readonly string[];
  }[];
  readonly endpoints?: readonly EndpointDocument[];
  readonly thresholds?: Readonly<Record<string, number>>;
  readonly relays?: readonly RelayDocument[];
  readonly rpo_hours?: Readonly<Record<string, number>>;
  readonly tier_policy?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface RelayDocument {
  readonly id: string;
  readonly subject: string;
  readonly source: { readonly endpoint: string; readonly contract: string; readonly topic: string };
  readonly destination: { readonly endpoint: string; readonly contract: string; readonly topic: string };
  readonly id_topic?: number;
  readonly window_blocks?: number;
  readonly grace_blocks?: number;
}

export interface EndpointDocument {
  readonly id: string;
  readonly subject: string;
  readonly kind: string;
  readonly url: string;
  readonly ws_url?: string;
  readonly pool_genesis?: string;
  readonly via?: 'direct' | 'edge';
  readonly timeout_ms?: number;
  readonly host_header?: string;
  readonly ca_file?: string;
  readonly pin_sha256?: string;
  readonly token?: SecretDocument;
  readonly ssh?: {
    readonly known_hosts?: string;
    readonly identity_file?: string;
    readonly agent?: boolean;
    readonly config?: string;
    readonly passphrase?: SecretDocument;
  };
}

/** Where a secret is read; exactly one of the two. */
export interface SecretDocument {
  readonly file?: string;
  readonly command?: readonly string[];
}

let compiled: ValidateFunction<EstateDocument> | null = null;

/** The schema is compiled when the first file is read: that takes tens of milliseconds, and most commands read none. */
function validator(): ValidateFunction<EstateDocument> {
  compiled ??= new Ajv({ allErrors: false, strict: false }).compile<EstateDocument>(schema);
  return compiled;
}

/**
 * Parses and validates the text of an estate file.
 * @throws EstateFileError with line, column and key of the first fault
 */
export function parseEstateFile(text: string, file: string): EstateDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const fault = document.errors[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new EstateFileError({
      file,
      line,
      column: col,
      message: sanitiseLine(fault.message.split('\n')[0] ?? 'not YAML'),
      mend: 'Correct the YAML at this place.',
    });
  }
  const value = contentOf(document, file);
  const validate = validator();
  if (validate(value)) return value;
  throw schemaError(validate.errors?.[0], document, lines, file);
}

/** Aliases of nothing, and too many of something, show only now. */
function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch (error) {
    throw new EstateFileError({
      file,
      line: 1,
      column: 1,
      message: sanitiseLine(error instanceof Error ? error.message : 'not YAML', 200),
      mend: 'An asterisk begins an alias in YAML: put the text in quotes, or define the anchor before.',
    });
  }
}

function schemaError(
  error: ErrorObject | undefined,
  document: Document,
  lines: LineCounter,
  file: string,
): EstateFileError {
  const path = (error?.instancePath ?? '')
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const extra: unknown = error?.params.additionalProperty;
  const full = typeof extra === 'string' ? [...path, extra] : path;
  let node: unknown = document.getIn(path.map(numeric), true);
  if (node === undefined || node === null) node = document.contents;
  const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
  const place = range ? lines.linePos(range[0]) : { line: 1, col: 1 };
  const allowed: unknown = error?.params.allowedValues;
  const hint = Array.isArray(allowed) ? ` (one of ${allowed.join(', ')})` : '';
  return new EstateFileError({
    file,
    line: place.line,
    column: place.col,
    key: full.length === 0 ? null : sanitiseLine(full.join('.'), 100),
    message: typeof extra === 'string' ? 'there is no such key' : `${error?.message ?? 'not valid'}${hint}`,
    mend: 'See docs/estate-file.md and schemas/estate.schema.json.',
  });
}

function numeric(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}
