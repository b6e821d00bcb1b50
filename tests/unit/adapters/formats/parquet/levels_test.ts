import assert from "node:assert/strict";
import fc from "fast-check";
import { input } from "../../../../../adapters/formats/parquet/kernel/memory.ts";
import {
  appendIndices,
  appendLevels,
  bitWidth,
} from "../../../../../adapters/formats/parquet/levels.ts";
import { PageBody } from "../../../../../adapters/formats/parquet/page_body.ts";

function hybrid(values: number[], width: number): Uint8Array {
  const body = new PageBody();
  body.clear();
  appendIndices(input.put(Int32Array.from(values)), values.length, width, body);
  return body.written().slice();
}

function hybridOfBytes(values: number[], width: number): Uint8Array {
  const body = new PageBody();
  body.clear();
  appendLevels(Uint8Array.from(values), width, body);
  return body.written().slice();
}

/** The grammar of Encodings.md, read bit by bit. */
function decodeHybrid(bytes: Uint8Array, count: number, width: number): number[] {
  const values: number[] = [];
  let at = 0;
  while (values.length < count) {
    let header = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[at++];
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if ((header & 1) === 0) {
      let value = 0;
      for (let b = 0; b < Math.ceil(width / 8); b++) value |= bytes[at++] << (8 * b);
      for (let i = 0; i < header >> 1; i++) values.push(value);
      continue;
    }
    for (let i = 0; i < (header >> 1) * 8; i++) {
      let value = 0;
      for (let b = 0; b < width; b++) {
        const bit = i * width + b;
        value |= ((bytes[at + (bit >> 3)] >> (bit & 7)) & 1) << b;
      }
      values.push(value);
    }
    at += (header >> 1) * width;
  }
  assert.equal(at, bytes.length);
  return values.slice(0, count);
}

Deno.test("bit packing as in the example of Encodings.md", () => {
  const packed = Uint8Array.of(3, 0b10001000, 0b11000110, 0b11111010);
  assert.deepEqual(hybrid([0, 1, 2, 3, 4, 5, 6, 7], 3), packed);
  assert.deepEqual(hybridOfBytes([0, 1, 2, 3, 4, 5, 6, 7], 3), packed);
});

Deno.test("a run is its length, doubled, and one value", () => {
  assert.deepEqual(hybrid(new Array<number>(100).fill(1), 1), Uint8Array.of(0xc8, 0x01, 1));
  assert.deepEqual(hybrid(new Array<number>(8).fill(300), 9), Uint8Array.of(16, 0x2c, 0x01));
});

Deno.test("mixed values are packed in groups of 8, the last one padded with zeros", () => {
  assert.deepEqual(hybrid([0, 1, 0, 1, 1], 1), Uint8Array.of(3, 0b11010));
});

Deno.test("a run fills the group before it first", () => {
  const values = [1, 0, 1, ...new Array<number>(13).fill(0)];
  assert.deepEqual(hybrid(values, 1), Uint8Array.of(3, 0b101, 16, 0));
});

Deno.test("bit widths", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 255, 256].map(bitWidth), [0, 1, 2, 2, 3, 8, 9]);
});

Deno.test("any levels decode to themselves", () => {
  const runs = fc.array(fc.tuple(fc.nat(0xffffff), fc.integer({ min: 1, max: 40 })), {
    maxLength: 40,
  });
  fc.assert(fc.property(runs, fc.integer({ min: 1, max: 24 }), (items, width) => {
    const values = items.flatMap(([value, count]) =>
      new Array<number>(count).fill(value & (2 ** width - 1))
    );
    assert.deepEqual(decodeHybrid(hybrid(values, width), values.length, width), values);
    if (width > 8) return;
    assert.deepEqual(decodeHybrid(hybridOfBytes(values, width), values.length, width), values);
  }));
});
