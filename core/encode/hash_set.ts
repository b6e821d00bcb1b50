/** A set of 64-bit hashes in flat memory: open addressing, linear probing, about 11 bytes an entry. */

const FIRST_SLOTS = 1024;
const MAX_LOAD = 0.75;

export class HashSet {
  /** Two words per slot, low word first; (0, 0) is an empty slot. */
  #slots = new Int32Array(FIRST_SLOTS * 2);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a hash unless it is there. The hash 0 counts as 1: it marks empty slots. */
  add(low: number, high: number): boolean {
    if (this.#size >= this.#slots.length / 2 * MAX_LOAD) this.#grow();
    const added = insert(this.#slots, low === 0 && high === 0 ? 1 : low, high);
    if (added) this.#size++;
    return added;
  }

  /** All hashes, two words each, in no order. */
  entries(): Int32Array<ArrayBuffer> {
    const entries = new Int32Array(this.#size * 2);
    let at = 0;
    for (let i = 0; i < this.#slots.length; i += 2) {
      if (this.#slots[i] === 0 && this.#slots[i + 1] === 0) continue;
      entries[at++] = this.#slots[i];
      entries[at++] = this.#slots[i + 1];
    }
    return entries;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] !== 0 || old[i + 1] !== 0) insert(this.#slots, old[i], old[i + 1]);
    }
  }
}

/** Index of the empty slot where the hash belongs, or -1 when it is there already. */
function find(slots: Int32Array, low: number, high: number): number {
  const mask = slots.length - 2;
  // The words are hashes already: any bits of them spread the entries.
  for (let i = (low << 1) & mask;; i = (i + 2) & mask) {
    if (slots[i] === 0 && slots[i + 1] === 0) return i;
    if (slots[i] === low && slots[i + 1] === high) return -1;
  }
}

function insert(slots: Int32Array, low: number, high: number): boolean {
  const index = find(slots, low, high);
  if (index < 0) return false;
  slots[index] = low;
  slots[index + 1] = high;
  return true;
}
