/** `chunk_size_memory_mb`: how many rows a chunk has, and that a plan stays the same when the width changes. */
import assert from "node:assert/strict";
import { checkArtifact } from "../../../../core/apply/read_artifact.ts";
import { loadPlans } from "../../../../core/apply/load_plans.ts";
import { SourceError } from "../../../../core/base/errors.ts";
import { chunkSize } from "../../../../core/plan/chunk_size.ts";
import type { Strategy } from "../../../../core/plan/strategy.ts";
import { planFingerprint } from "../../../../core/plan/plan_fingerprint.ts";
import type { ChunkedMode } from "../../../../core/config/modes.ts";
import { loadedExport } from "../../../support/exports.ts";
import { artifactOf, chunkedStrategy, planned } from "./planned.ts";

const CHUNKED = { mode: "chunked", chunk_size_memory_mb: 64 };

function sizeOf(width: number | null | Error, fields: Record<string, unknown> = CHUNKED) {
  const exported = loadedExport({ name: "a", table: "t", ...fields });
  const rowBytes = () => width instanceof Error ? Promise.reject(width) : Promise.resolve(width);
  return chunkSize({ rowBytes }, exported, exported.mode as ChunkedMode);
}

Deno.test("chunk size: as many rows as fit, at least one and at most five million", async () => {
  const cases: [number | null, number][] = [
    [64, 1_048_576],
    [1_000, 67_108],
    [3, 5_000_000],
    [1024 * 1024 * 1024, 1],
    [null, 131_072],
  ];
  for (const [width, rows] of cases) assert.equal(await sizeOf(width), rows, `${width}`);
});

Deno.test("chunk size: a source that does not tell counts as 512 bytes a row", async () => {
  assert.equal(await sizeOf(new SourceError("SOURCE_PERMISSION", "no")), 131_072);
  const exported = loadedExport({ name: "a", table: "t", ...CHUNKED });
  assert.equal(await chunkSize({}, exported, exported.mode as ChunkedMode), 131_072);
});

Deno.test("chunk size: a size that is given or sealed is not asked for", async () => {
  const asked = new SourceError("SOURCE_QUERY", "asked");
  assert.equal(await sizeOf(asked, { mode: "chunked", chunk_size: 7 }), 7);
  assert.equal(await sizeOf(asked, { ...CHUNKED, chunk_size: 7 }), 7);
  assert.equal(await sizeOf(asked, { mode: "chunked" }), 100_000);
});

Deno.test("fingerprint: the same as ever without chunk_size_memory_mb", async () => {
  const inputs = {
    base: 'SELECT * FROM "orders"',
    column: "id",
    size: 100_000,
    count: null,
    dense: false,
    byDays: null,
    memoryMb: null,
    kind: "range",
  };
  assert.equal(await planFingerprint(inputs), "0f3c95b2e2d95b51");
  const sized = { ...inputs, memoryMb: 64 };
  const wider = { ...sized, size: 5 };
  assert.equal(await planFingerprint(sized), await planFingerprint(wider));
  assert.notEqual(await planFingerprint(sized), await planFingerprint({ ...sized, memoryMb: 65 }));
});

Deno.test("a plan seals the size beside what it was found from, and is accepted", async () => {
  const sized = (size: number) =>
    planned({ config: CHUNKED, strategy: { ...chunkedStrategy(2), size } as Strategy });
  const one = sized(12_345);
  const artifact = await artifactOf(one, { path: "/nowhere/rivet.yaml" });
  const { chunk_size, chunk_size_memory_mb } = artifact.resolved_plan.export;
  assert.deepEqual({ chunk_size, chunk_size_memory_mb }, {
    chunk_size: 12_345,
    chunk_size_memory_mb: 64,
  });
  const other = await artifactOf(sized(9));
  assert.equal(other.plan_fingerprint, artifact.plan_fingerprint);
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, JSON.stringify(artifact));
    const options = { exportName: null, force: false, now: new Date(), verifyKey: null };
    await checkArtifact(artifact, options);
    const { config } = await loadPlans(path, options);
    assert.equal((config.exports[0].mode as ChunkedMode).size, 12_345);
  } finally {
    await Deno.remove(path);
  }
});
