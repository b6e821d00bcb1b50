import type { PartCheck } from "../../../../core/manifest/read_part.ts";
import { deepEqual, equal } from "node:assert/strict";
import type { OpenDestination } from "../../../support/destinations.ts";
import type { ChunkTask, FileRecord } from "../../../../core/ports/state.ts";
import type { PartRecord } from "../../../../core/manifest/parts.ts";
import { isComplete, publishSuccess } from "../../../../core/manifest/publish.ts";
import { type Review, reviewParts } from "../../../../core/run/review.ts";
import {
  bytes,
  fileRecord,
  keys,
  LATER,
  manifestOf,
  overwrite,
  put,
  RUN,
  stateOf,
  text,
  withLocal,
  withMemory,
} from "../manifest/support.ts";

const chunk = (index: number, second = "09") =>
  `orders_20260329_1251${second}_chunk${index}.parquet`;

function task(chunkIndex: number, parts: readonly PartRecord[]): ChunkTask {
  return {
    runId: RUN,
    chunkIndex,
    startKey: "1",
    endKey: "2",
    status: "completed",
    attempts: 1,
    rowsWritten: 10,
    parts: JSON.stringify(parts),
    checksum: null,
    error: null,
    worker: null,
    claimedAt: null,
    updatedAt: "2026-03-29T12:51:09.336Z",
  };
}

interface Reviewed extends Review {
  readonly began: number;
}

async function review(
  destination: OpenDestination,
  tasks: readonly ChunkTask[],
  fields: { files?: readonly FileRecord[]; content?: boolean; inFolders?: boolean } = {},
): Promise<Reviewed> {
  let began = 0;
  const { files = [], content = false, inFolders = false } = fields;
  const state = stateOf(files);
  // What the parts hold is no format: they are compared, and not looked into.
  const check: PartCheck = () => Promise.resolve({ rows: 10, problem: null });
  const verify = { content, check };
  const run = { destination, state, exportName: "orders", runId: RUN, tasks, verify, inFolders };
  const found = await reviewParts(run, () => {
    began++;
    return Promise.resolve();
  });
  return { ...found, began };
}

Deno.test("M8 row 1: what is as recorded is left alone", () =>
  withMemory(async (destination) => {
    const parts = [await put(destination, chunk(0), "abc", { chunkIndex: 0 })];
    const { rewrites, orphans, began } = await review(destination, [task(0, parts)]);
    deepEqual([rewrites.size, orphans, began], [0, [], 0]);
    deepEqual(await keys(destination), [chunk(0)]);
  }));

Deno.test("M8 rows 2 and 3, M9: what differs is moved aside and its chunk written again", () =>
  withMemory(async (destination) => {
    const same = await put(destination, chunk(0), "abc", { chunkIndex: 0 });
    const other = await put(destination, chunk(1), "abc", { chunkIndex: 1 });
    await overwrite(destination, chunk(0), "abd");
    await overwrite(destination, chunk(1), "abcd");
    const { rewrites, began } = await review(destination, [task(0, [same]), task(1, [other])]);
    equal(began, 1);
    deepEqual([...rewrites.entries()].map(([n, parts]) => [n, parts[0].status, parts[0].path]), [
      [0, "quarantined", `_quarantine/${RUN}/${chunk(0)}`],
      [1, "quarantined", `_quarantine/${RUN}/${chunk(1)}`],
    ]);
    deepEqual(await keys(destination), [
      `_quarantine/${RUN}/${chunk(0)}`,
      `_quarantine/${RUN}/${chunk(1)}`,
    ]);
  }));

Deno.test("M8 row 2: without a listed MD5, verify: content reads a local part back", () =>
  withLocal(async (destination, root) => {
    const part = await put(destination, chunk(0), "abc", { chunkIndex: 0 });
    await Deno.writeTextFile(`${root}/${chunk(0)}`, "abd");
    equal((await review(destination, [task(0, [part])])).rewrites.size, 0);
    equal((await review(destination, [task(0, [part])], { content: true })).rewrites.size, 1);
  }));

Deno.test("M8 row 4: what is gone is written again; its siblings are superseded", () =>
  withMemory(async (destination) => {
    const first = await put(destination, chunk(0), "abc", { chunkIndex: 0 });
    const second = await put(destination, chunk(0, "10"), "abc", { chunkIndex: 0 });
    const before = { ...first, path: "old", status: "superseded" as const };
    await destination.move(second.path, "elsewhere");
    const { rewrites } = await review(destination, [task(0, [before, first, second])]);
    deepEqual(rewrites.get(0)?.map((p) => [p.path, p.status]), [
      ["old", "superseded"],
      [first.path, "superseded"],
    ]);
    equal(await text(destination, first.path), "abc");
  }));

Deno.test("M8 row 5: what a killed process left of this run is moved aside", () =>
  withMemory(async (destination) => {
    const part = await put(destination, chunk(0), "abc", { chunkIndex: 0 });
    const left = await put(destination, chunk(1, "10"), "abc", { chunkIndex: 1 });
    // Logged by this run, and yet in no task: killed between the two.
    const files = [fileRecord(left, RUN, destination.uri)];
    const { orphans, rewrites } = await review(destination, [task(0, [part])], { files });
    deepEqual(orphans, [`_quarantine/${RUN}/${left.path}`]);
    equal(rewrites.size, 0);
    deepEqual(await keys(destination), [`_quarantine/${RUN}/${left.path}`, part.path]);
  }));

Deno.test("M8 row 5: nothing that may be another's is touched", () =>
  withMemory(async (destination) => {
    const logged = await put(destination, chunk(2, "11"), "abc");
    const listed = await put(destination, chunk(3, "11"), "abc");
    const strangers = [
      "orders_20260329_125108_chunk0.parquet", // before the run began
      "orders_20260329_125110.parquet", // not a chunk
      "orders_items_20260329_125110_chunk0.parquet",
      "orders_by_hand.parquet",
    ];
    for (const key of strangers) await put(destination, key, "abc");
    const other = await manifestOf(destination, [listed], { runId: LATER });
    await publishSuccess(destination, other);
    const before = await keys(destination);
    const files = [fileRecord(logged, LATER, destination.uri)];
    const { orphans } = await review(destination, [], { files });
    deepEqual(orphans, []);
    deepEqual(await keys(destination), before);
  }));

Deno.test("M8 row 5: in partition folders an object keeps its folder in quarantine", () =>
  withMemory(async (destination) => {
    const key = `day=2026-01-31/${chunk(0)}`;
    await put(destination, key, "abc");
    const { orphans } = await review(destination, [], { inFolders: true });
    deepEqual(orphans, [`_quarantine/${RUN}/${key}`]);
  }));

Deno.test("M9: quarantine never overwrites and never fails the run", () =>
  withMemory(async (destination) => {
    await destination.replace(bytes("earlier"), `_quarantine/${RUN}/${chunk(0)}`);
    const part = await put(destination, chunk(0), "abc", { chunkIndex: 0 });
    await overwrite(destination, chunk(0), "abcd");
    const { rewrites } = await review(destination, [task(0, [part])]);
    equal(rewrites.get(0)?.[0].path, `_quarantine/${RUN}/${chunk(0)}.2`);
    equal(await text(destination, `_quarantine/${RUN}/${chunk(0)}`), "earlier");

    await put(destination, chunk(0), "abcd");
    destination.move = () => Promise.reject(new Error("not allowed"));
    const stays = await review(destination, [task(0, [part])]);
    deepEqual(stays.rewrites.get(0)?.map((p) => [p.path, p.status]), [[chunk(0), "superseded"]]);
  }));

Deno.test("M8: a run is complete when _SUCCESS, or the run after it, vouches for it", () =>
  withMemory(async (destination) => {
    equal(await isComplete(destination, RUN), false);
    await publishSuccess(destination, await manifestOf(destination, []));
    equal(await isComplete(destination, RUN), true);
    equal(await isComplete(destination, LATER), false);
    const marker = await destination.read("_SUCCESS") as Uint8Array;
    await publishSuccess(destination, await manifestOf(destination, [], { runId: LATER }));
    equal(await isComplete(destination, RUN), true);
    // Killed before its own _SUCCESS.
    await destination.replace(marker, "_SUCCESS");
    equal(await isComplete(destination, LATER), false);
  }));
