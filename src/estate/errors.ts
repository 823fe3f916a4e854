/** A document of the operators that cannot be used: says what is wrong, where, and how to mend it. */
export class EstateFileError extends Error {
  override readonly name = 'EstateFileError';
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly key: string | null;
  readonly mend: string;

  constructor(detail: {
    readonly file: string;
    readonly message: string;
    readonly mend: string;
    readonly line?: number | null;
    readonly column?: number | null;
    readonly key?: string | null;
  }) {
    super(detail.message);
    this.file = detail.file;
    this.line = detail.line ?? null;
    this.column = detail.column ?? null;
    this.key = detail.key ?? null;
    this.mend = detail.mend;
  }

  /** One line: place, fault, mend. */
  describe(): string {
    const place = this.line === null ? this.file : `${this.file}:${this.line}:${this.column ?? 1}`;
    const key = this.key === null ? '' : ` (key ${this.key})`;
    return `${place}: ${this.message}${key}. ${this.mend}`;
  }
}
