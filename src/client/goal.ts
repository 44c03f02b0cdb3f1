/**
 * A promise that is made when somebody asks for it. What nobody asks for is not requested from a signer,
 * and its failure is nobody's unhandled rejection.
 */

export class Goal<T> {
  #settled: { readonly value: T } | { readonly error: Error } | undefined;
  #waiter: { readonly resolve: (value: T) => void; readonly reject: (error: Error) => void } | undefined;
  #promise: Promise<T> | undefined;

  /** Neither reached nor failed. */
  get open(): boolean {
    return this.#settled === undefined;
  }

  /** Somebody asked, and waits. */
  get awaited(): boolean {
    return this.open && this.#promise !== undefined;
  }

  get promise(): Promise<T> {
    this.#promise ??= new Promise<T>((resolve, reject) => {
      if (!this.#settled) this.#waiter = { resolve, reject };
      else if ('error' in this.#settled) reject(this.#settled.error);
      else resolve(this.#settled.value);
    });
    return this.#promise;
  }

  /** Only the first of `reach` and `fail` counts. */
  reach(value: T): void {
    if (this.#settled) return;
    this.#settled = { value };
    this.#waiter?.resolve(value);
  }

  fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = { error };
    this.#waiter?.reject(error);
  }
}
