/** Lets at most so many through at a time; the others wait their turn. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Resolves with what gives the place back; calling it twice does nothing. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}

/** One gate for each name, made when it is first wanted. */
export class Gates {
  readonly #gates = new Map<string, Gate>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(name: string): Gate {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const gate = new Gate(this.#limit);
    this.#gates.set(name, gate);
    return gate;
  }
}
