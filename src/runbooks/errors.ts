/** A runbook that cannot be used: what is wrong, and where. */
export class RunbookError extends Error {
  override readonly name = 'RunbookError';
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(file: string, line: number, column: number, message: string) {
    super(message);
    this.file = file;
    this.line = line;
    this.column = column;
  }

  /** One line: place and fault. */
  describe(): string {
    return `${this.file}:${this.line}:${this.column}: ${this.message}`;
  }
}
