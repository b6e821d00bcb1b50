/** What is free of a memory that is handed out in blocks of any size: neighbours are one. */
export class FreeRoom {
  /** Where each free piece begins, in order, and how long it is. */
  readonly #starts: number[] = [];
  readonly #sizes: number[] = [];

  /** Of the smallest piece that has them, `size` bytes. @returns their address; -1: there is none. */
  take(size: number): number {
    const sizes = this.#sizes;
    let found = -1;
    for (let i = 0; i < sizes.length; i++) {
      if (sizes[i] >= size && (found < 0 || sizes[i] < sizes[found])) found = i;
    }
    if (found < 0) return -1;
    const address = this.#starts[found];
    if (sizes[found] === size) this.#remove(found);
    else {
      this.#starts[found] += size;
      sizes[found] -= size;
    }
    return address;
  }

  /** What was handed out, or is new. */
  give(address: number, size: number): void {
    const starts = this.#starts;
    const sizes = this.#sizes;
    let at = this.#firstBehind(address);
    if (at > 0 && starts[at - 1] + sizes[at - 1] === address) {
      at--;
      sizes[at] += size;
    } else {
      starts.splice(at, 0, address);
      sizes.splice(at, 0, size);
    }
    if (at + 1 < starts.length && starts[at] + sizes[at] === starts[at + 1]) {
      sizes[at] += sizes[at + 1];
      this.#remove(at + 1);
    }
  }

  /** Takes the piece that ends at `end`, if there is one. @returns where it begins, else `end`. */
  takeLast(end: number): number {
    const last = this.#starts.length - 1;
    if (last < 0 || this.#starts[last] + this.#sizes[last] !== end) return end;
    const start = this.#starts[last];
    this.#remove(last);
    return start;
  }

  #remove(index: number): void {
    this.#starts.splice(index, 1);
    this.#sizes.splice(index, 1);
  }

  #firstBehind(address: number): number {
    let from = 0;
    let to = this.#starts.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#starts[middle] > address) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
