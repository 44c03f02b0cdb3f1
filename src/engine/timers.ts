/**
 * Named timers on virtual time: a binary heap of due times. Setting a name again moves its timer.
 * Cancelled and moved entries stay in the heap until they surface, which keeps both cheap.
 */

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly name: string;
}

/** What a timer runs that only wants a step to be taken. */
export const nothing = (): void => {};

const earlier = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Timers {
  readonly #heap: Entry[] = [];
  readonly #live = new Map<string, { readonly entry: Entry; readonly run: () => void }>();
  #order = 0;

  /** Runs `run` at time `at` in ms, unless cancelled or set again before. */
  set(name: string, at: number, run: () => void): void {
    const before = this.#live.get(name);
    if (before?.entry.at === at) {
      if (before.run === run) return;
      this.#live.set(name, { entry: before.entry, run });
      return;
    }
    const entry: Entry = { at, order: this.#order++, name };
    this.#live.set(name, { entry, run });
    this.#push(entry);
  }

  cancel(name: string): void {
    this.#live.delete(name);
  }

  has(name: string): boolean {
    return this.#live.has(name);
  }

  /** Time of the next live timer. */
  next(): number | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#live.get(top.name)?.entry === top) return top.at;
      this.#pop();
    }
    return undefined;
  }

  /** Runs what is due at `now`, in order of time. Timers set meanwhile for the past run too. */
  run(now: number): void {
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) {
      const entry = this.#pop();
      const { run } = this.#live.get(entry.name)!;
      this.#live.delete(entry.name);
      run();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!earlier(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (!earlier(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}
