/** First in, first out, in constant time however long it gets: an overloaded signer's inbox is long. */

const compactAfter = 1024;

export class Queue<T> {
  #items: T[] = [];
  #head = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) {
      if (this.#head > 0) this.clear();
      return undefined;
    }
    const item = this.#items[this.#head++];
    if (this.#head >= compactAfter) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
