import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  discard,
  drainBuffers,
  dropBuffers,
  giveBuffer,
  keepBuffers,
  takeBuffer,
  takeWords,
} from "../../../../core/batch/buffers.ts";
import { release } from "../../../../core/batch/batch.ts";
import { BatchBuilder } from "../../../../core/batch/batch_builder.ts";
import { makeBuilder } from "../../../../core/batch/builders.ts";
import { column } from "../../../support/batches.ts";

const KIB = 1024;

function filled(bytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes);
  new Uint8Array(buffer).fill(0xee);
  return buffer;
}

Deno.test("buffers: what was given is taken again, and its giver holds nothing", () => {
  dropBuffers();
  const given = filled(64 * KIB);
  giveBuffer(given);
  assert.equal(given.byteLength, 0);
  const taken = takeBuffer(60 * KIB);
  assert.equal(taken.byteLength, 64 * KIB);
  assert.equal(new Uint8Array(taken)[0], 0xee);
  assert.equal(takeBuffer(60 * KIB).byteLength, 60 * KIB, "it was there once");
});

Deno.test("buffers: one that is too small or far too large is left for others", () => {
  dropBuffers();
  giveBuffer(filled(32 * KIB));
  giveBuffer(filled(256 * KIB));
  assert.equal(takeBuffer(64 * KIB).byteLength, 64 * KIB);
  giveBuffer(filled(80 * KIB));
  giveBuffer(filled(70 * KIB));
  assert.equal(takeBuffer(64 * KIB).byteLength, 70 * KIB, "the smallest that fits");
  assert.deepEqual(drainBuffers().map((b) => b.byteLength), [32 * KIB, 256 * KIB, 80 * KIB]);
});

Deno.test("buffers: words are zero from where they are asked to be", () => {
  dropBuffers();
  giveBuffer(filled(64 * KIB));
  const words = takeWords(16 * KIB, 10);
  assert.equal(words.buffer.byteLength, 64 * KIB);
  assert.ok(words.subarray(10).every((word) => word === 0));
});

Deno.test("buffers: a lower limit holds for what is kept already", () => {
  dropBuffers();
  for (let i = 1; i <= 5; i++) giveBuffer(filled(512 * KIB + i));
  keepBuffers(2 * KIB * KIB);
  try {
    giveBuffer(filled(512 * KIB));
    assert.deepEqual(drainBuffers().map((b) => b.byteLength % KIB), [4, 5, 0]);
  } finally {
    keepBuffers(16 * KIB * KIB);
  }
});

Deno.test("buffers: no more is kept than the limit, and nothing after the end", () => {
  dropBuffers();
  for (let i = 1; i <= 5; i++) giveBuffer(filled(5 * KIB * KIB + i));
  assert.deepEqual(drainBuffers().map((b) => b.byteLength % KIB), [3, 4, 5]);
  giveBuffer(filled(17 * KIB * KIB));
  giveBuffer(filled(KIB));
  assert.deepEqual(drainBuffers(), []);
  giveBuffer(filled(64 * KIB));
  dropBuffers();
  assert.deepEqual(drainBuffers(), []);
});

Deno.test("buffers: a batch built in used ones has zeros for its NULLs, at every growth", () => {
  const build = () => {
    const words = makeBuilder("dec128");
    const bytes = makeBuilder("bytes");
    const columns = [
      column("d", { kind: "decimal", precision: 38, scale: 0 }),
      column("t", { kind: "text" }),
    ];
    const batch = new BatchBuilder(columns, [words, bytes], { bytes: 1 << 30, rows: 1 << 20 });
    for (let i = 0; i < 20_000; i++) {
      words.reserve(1);
      bytes.reserve(1);
      bytes.reserveBytes(8);
      if (i % 3 === 0) {
        words.markNull(words.length);
        bytes.markNull(bytes.length);
      } else {
        words.values[i * 4] = i;
        bytes.data.fill(i, bytes.used, bytes.used + 8);
        bytes.used += 8;
      }
      bytes.offsets[++bytes.length] = bytes.used;
      words.length++;
    }
    return batch.finish();
  };
  dropBuffers();
  const fresh = build();
  dropBuffers();
  for (let size = 16 * KIB; size < KIB * KIB; size *= 1.4) {
    giveBuffer(filled(Math.floor(size / 8) * 8));
  }
  const reused = build();
  reused.data.forEach(({ values, offsets, validity }, c) => {
    const other = fresh.data[c];
    assert.ok(Buffer.from(values).equals(other.values), `the values of column ${c}`);
    assert.deepEqual(offsets, other.offsets);
    assert.deepEqual(validity, other.validity);
  });
  release(reused);
  assert.equal(reused.data[0].values.byteLength, 0);
  assert.ok(drainBuffers().length > 0);
});

Deno.test("buffers: bytes that nobody looks at are free at once, unless others share their buffer", () => {
  const whole = new Uint8Array(filled(64 * KIB));
  discard(whole);
  assert.equal(whole.byteLength, 0);
  const shared = new Uint8Array(filled(64 * KIB), 0, 20 * KIB);
  discard(shared);
  assert.equal(shared.byteLength, 20 * KIB);
  const { memory } = new WebAssembly.Instance(new WebAssembly.Module(EMPTY_MEMORY)).exports as {
    memory: WebAssembly.Memory;
  };
  const kernel = new Uint8Array(memory.buffer, 0, 20 * KIB);
  discard(kernel);
  assert.equal(kernel.byteLength, 20 * KIB);
  // From the runtime's pool of small ones.
  const small = Buffer.from("small");
  discard(small);
  assert.equal(small.toString(), "small");
});

/** A module that exports a memory of one page. */
const EMPTY_MEMORY = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 0, 1],
  ...[7, 10, 1, 6, ...new TextEncoder().encode("memory"), 2, 0],
);
