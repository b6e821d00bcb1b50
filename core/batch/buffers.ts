/**
 * Buffers of batches that are done with, kept for the next ones: the system zeroes fresh memory page by page
 * as it is first touched, which costs more than what is then written into it. One store per thread.
 */

/** Smaller ones are left to the allocator, which keeps them itself. */
const MIN_KEPT_BYTES = 16 * 1024;
/** Smaller ones weigh nothing, and are left to the collector. */
const MIN_FREED_BYTES = 2 * 1024;
/** What is kept at most; the longest kept goes first. */
let maxKeptBytes = 16 * 1024 * 1024;

const kept: ArrayBuffer[] = [];
let keptBytes = 0;

/** Whether `buffer` is larger than asked for by little enough to be handed out for it. */
function fits(buffer: ArrayBuffer, bytes: number): boolean {
  return buffer.byteLength >= bytes && buffer.byteLength <= bytes * 1.5;
}

/** A buffer of at least `bytes` bytes, whatever was in it. */
export function takeBuffer(bytes: number): ArrayBuffer {
  let found = -1;
  if (bytes >= MIN_KEPT_BYTES) {
    for (let i = 0; i < kept.length; i++) {
      if (!fits(kept[i], bytes)) continue;
      if (found < 0 || kept[i].byteLength < kept[found].byteLength) found = i;
    }
  }
  if (found < 0) return new ArrayBuffer(bytes);
  const [buffer] = kept.splice(found, 1);
  keptBytes -= buffer.byteLength;
  return buffer;
}

/** The same for `count` elements of 32 bits, zero from element `from` on. */
export function takeWords(count: number, from = 0): Int32Array<ArrayBuffer> {
  const words = new Int32Array(takeBuffer(count * 4), 0, count);
  words.fill(0, from);
  return words;
}

/** Takes a buffer back from its last owner, for whom it is empty from now on. */
export function giveBuffer(buffer: ArrayBuffer): void {
  const { byteLength } = buffer;
  if (byteLength < MIN_FREED_BYTES) return;
  if (byteLength < MIN_KEPT_BYTES || byteLength > maxKeptBytes) {
    // A Worker's garbage collector does not feel the weight of buffers and lets many pile up.
    buffer.transfer(0);
    return;
  }
  kept.push(buffer.transfer());
  keptBytes += byteLength;
  while (keptBytes > maxKeptBytes) keptBytes -= dropOldest();
}

function dropOldest(): number {
  const [oldest] = kept.splice(0, 1);
  const { byteLength } = oldest;
  oldest.transfer(0);
  return byteLength;
}

/** Keeps no more than `bytes` from now on, on this thread. */
export function keepBuffers(bytes: number): void {
  maxKeptBytes = bytes;
  while (keptBytes > maxKeptBytes) keptBytes -= dropOldest();
}

/**
 * Frees bytes that nobody looks at any more, now rather than when the collector comes by: it does not feel their
 * weight. For the last owner of a whole buffer; what shares its buffer with others is left alone.
 */
export function discard({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < MIN_KEPT_BYTES || byteLength * 2 < buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** All that is kept, for the thread that fills batches. */
export function drainBuffers(): ArrayBuffer[] {
  keptBytes = 0;
  return kept.splice(0);
}

/** Gives the memory back. */
export function dropBuffers(): void {
  while (kept.length > 0) keptBytes -= dropOldest();
}
