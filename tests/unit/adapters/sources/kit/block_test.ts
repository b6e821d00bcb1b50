import assert from "node:assert/strict";
import { BLOCK_ROWS, rowsPerBlock } from "../../../../../adapters/sources/kit/block.ts";

/** Rows whose positions share a cache line. */
const LINE = 16;

Deno.test("block: the fields of a row lie on different lines of the cache", () => {
  for (let columns = 0; columns <= 5000; columns++) {
    const rows = rowsPerBlock(columns);
    assert.equal(rows % LINE, 0, `${columns} columns`);
    assert.equal((rows / LINE) % 2, 1, `${columns} columns: a power of two of lines`);
    assert.ok(rows <= BLOCK_ROWS);
    assert.ok(rows * columns <= 128 * BLOCK_ROWS, `${columns} columns of ${rows} rows`);
  }
  assert.equal(rowsPerBlock(8), BLOCK_ROWS);
});
