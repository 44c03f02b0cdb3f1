/**
 * Many deadlines, of which most are never reached. Items that wait equally long stand in one list, in the
 * order in which they came, so that adding and removing one is a few assignments and only the first of
 * each list need be looked at. Nothing here reads a clock or sets a timer.
 *
 * Invariant: within a list deadlines ascend, as long as the caller's clock does not go back.
 */

/** What can have a deadline; in one `Deadlines` at a time. */
export class Timed {
  /** The links belong to the list. */
  deadline: Place | undefined;
}

class Place {
  readonly item: Timed;
  readonly at: number;
  readonly list: Line;
  previous: Place | undefined;
  next: Place | undefined;

  constructor(item: Timed, at: number, list: Line, previous: Place | undefined) {
    this.item = item;
    this.at = at;
    this.list = list;
    this.previous = previous;
    this.next = undefined;
  }
}

/** Those that wait equally long. */
class Line {
  readonly afterMs: number;
  first: Place | undefined;
  last: Place | undefined;

  constructor(afterMs: number) {
    this.afterMs = afterMs;
  }
}

export class Deadlines<T extends Timed> {
  readonly #lines = new Map<number, Line>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives an item a deadline, in place of the one it may have. */
  add(item: T, now: number, afterMs: number): void {
    this.remove(item);
    let line = this.#lines.get(afterMs);
    if (!line) {
      line = new Line(afterMs);
      this.#lines.set(afterMs, line);
    }
    const place = new Place(item, now + afterMs, line, line.last);
    if (line.last) line.last.next = place;
    else line.first = place;
    line.last = place;
    item.deadline = place;
    this.#size += 1;
  }

  /** Takes an item out, if it is here. */
  remove(item: T): void {
    const place = item.deadline;
    if (!place) return;
    item.deadline = undefined;
    const { list, previous, next } = place;
    if (previous) previous.next = next;
    else list.first = next;
    if (next) next.previous = previous;
    else list.last = previous;
    if (!list.first) this.#lines.delete(list.afterMs);
    this.#size -= 1;
  }

  /** Takes out an item whose time has come; undefined when there is none. */
  due(now: number): T | undefined {
    for (const { first } of this.#lines.values())
      if (first && first.at <= now) {
        this.remove(first.item as T);
        return first.item as T;
      }
    return undefined;
  }

  /** The earliest deadline. */
  get next(): number | undefined {
    let earliest: number | undefined;
    for (const { first } of this.#lines.values())
      if (first && (earliest === undefined || first.at < earliest)) earliest = first.at;
    return earliest;
  }

  /** Takes out every item, oldest of each list first. */
  takeAll(): T[] {
    const items: T[] = [];
    for (const line of this.#lines.values())
      for (let place = line.first; place; place = place.next) items.push(place.item as T);
    for (const item of items) item.deadline = undefined;
    this.#lines.clear();
    this.#size = 0;
    return items;
  }
}
