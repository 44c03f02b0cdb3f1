/** Virtual time: events in order of time, and among equal times in order of scheduling. */

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Schedule {
  readonly #heap: Event[] = [];
  #order = 0;
  /** Virtual time in ms. */
  now = 0;
  /** Events run so far. */
  count = 0;

  /** Runs `run` after `delayMs`, never before what is scheduled for an earlier time. */
  after(delayMs: number, run: () => void): void {
    const heap = this.#heap;
    const event: Event = { at: this.now + Math.max(0, delayMs), order: this.#order++, run };
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  /** Runs the next event; false when there is none up to `until`. */
  step(until: number): boolean {
    const top = this.#heap[0];
    if (!top || top.at > until) return false;
    this.#pop();
    this.now = top.at;
    this.count += 1;
    top.run();
    return true;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}
