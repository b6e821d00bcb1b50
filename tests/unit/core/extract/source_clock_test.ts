import { equal } from "node:assert/strict";
import { PROFILES } from "../../../../core/config/tuning.ts";
import { PaceCell } from "../../../../core/extract/pace_cell.ts";
import { readJob } from "../../../../core/extract/read.ts";
import { MemoryServer } from "../../../support/memory_source.ts";

/** The longest statement that a read of 30 rows, in batches of 10, leaves in the cell. */
async function longest(kind: "statement" | "cursor"): Promise<number | null> {
  const server = new MemoryServer(30);
  const { now } = performance;
  let clock = 1_000;
  performance.now = () => clock;
  try {
    const source = await server.factory.connect({} as Parameters<typeof server.factory.connect>[0]);
    const { columns } = await source.describe("", new Map());
    server.onBatch = () => {
      clock += 40;
    };
    const cell = new PaceCell();
    const sink = () => {
      // The reader's own time.
      clock += 5_000;
      return Promise.resolve();
    };
    await readJob(
      source,
      {
        spec: { kind, sql: "SELECT 1" },
        ...{ columns, watch: null, ties: null, checksum: false, maxFileBytes: null },
        tuning: PROFILES.fast,
        pace: cell.memory,
      },
      sink,
      new AbortController().signal,
    );
    return cell.takeLongest();
  } finally {
    performance.now = now;
  }
}

Deno.test("pace: a statement's time is the source's alone: of all of it, or of each step", async () => {
  equal(await longest("statement"), 120);
  equal(await longest("cursor"), 40);
});
