import type { Endpoint } from '../model/index.ts';

/** Which endpoints of a pass still owe their answer, and who waits for which. */
export class Progress {
  readonly #owed: Set<string>;
  readonly #waiting = new Set<() => void>();

  constructor(endpoints: readonly Endpoint[]) {
    this.#owed = new Set(endpoints.map((one) => one.id));
  }

  owes(endpoint: Endpoint): boolean {
    return this.#owed.has(endpoint.id);
  }

  done(endpoint: Endpoint): void {
    this.#owed.delete(endpoint.id);
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves as soon as the condition holds; it is looked at now and after each answer. */
  when(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!holds()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}
