/** Which run is the newest in a folder: by the order of runs, whatever their clocks said. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { MemoryDestination } from "../../../support/memory_destination.ts";
import { findManifest, newestManifest } from "../../../../core/manifest/find_manifest.ts";
import { manifestCopyKey } from "../../../../core/manifest/keys.ts";
import { type ManifestStatus, serializeManifest } from "../../../../core/manifest/manifest.ts";
import { publishFailure, publishSuccess } from "../../../../core/manifest/publish.ts";
import { bytes, manifestOf, withMemory } from "./support.ts";

const ELEVEN = "orders_20260329T110000.000";
const TEN = "orders_20260329T100000.000";
const NINE = "orders_20260329T090000.000";

async function leave(
  destination: MemoryDestination,
  runId: string,
  sequence: number | null,
  status: ManifestStatus = "success",
): Promise<void> {
  const order = { sequence: sequence ?? 0, previousRunId: null };
  const manifest = await manifestOf(destination, [], { runId, status, order });
  const { sequence: _, ...unordered } = manifest;
  const written = sequence === null ? unordered : manifest;
  if (status === "success") await publishSuccess(destination, written);
  else await publishFailure(destination, written);
}

async function newest(destination: MemoryDestination): Promise<(string | null | undefined)[]> {
  const found = await findManifest(destination, "orders", null);
  return [found?.manifest.run_id, found?.newerFailed];
}

Deno.test("the newest run is the one with the highest sequence, not the latest time", () =>
  withMemory(async (destination) => {
    equal(await newestManifest(destination, "orders"), null);
    await leave(destination, ELEVEN, 1);
    // The clock went back by an hour.
    await leave(destination, TEN, 2);
    deepEqual(await newest(destination), [TEN, null]);
    await leave(destination, NINE, 3, "failed");
    deepEqual(await newest(destination), [TEN, NINE]);
    equal((await newestManifest(destination, "orders"))?.run_id, NINE);
    equal((await findManifest(destination, "orders", ELEVEN))?.manifest.run_id, ELEVEN);
  }));

Deno.test("runs of an earlier Rivet, without a sequence, are ordered by their time", () =>
  withMemory(async (destination) => {
    await leave(destination, TEN, null);
    await leave(destination, NINE, null, "failed");
    deepEqual(await newest(destination), [TEN, null]);
    await leave(destination, ELEVEN, 1);
    deepEqual(await newest(destination), [ELEVEN, null]);
  }));

Deno.test("a damaged manifest of long ago is nobody's concern, the newest one's is said", () =>
  withMemory(async (destination) => {
    await leave(destination, ELEVEN, 1);
    await leave(destination, TEN, 2);
    await destination.replace(bytes("{"), manifestCopyKey(NINE));
    deepEqual(await newest(destination), [TEN, null]);
    await destination.replace(bytes("{"), manifestCopyKey("orders_20260329T120000.000"));
    await rejects(newest(destination), { code: "VALIDATION_FAILED" });
  }));

class CountingDestination extends MemoryDestination {
  reads = 0;

  override read(key: string): Promise<Uint8Array | null> {
    this.reads++;
    return super.read(key);
  }
}

Deno.test("among many runs only the last ones are looked into", async () => {
  const destination = new CountingDestination();
  for (let minute = 10; minute < 60; minute++) {
    const runId = `orders_20260329T09${minute}00.000`;
    const order = { sequence: minute, previousRunId: null };
    const manifest = await manifestOf(destination, [], { runId, order });
    await destination.replace(serializeManifest(manifest), manifestCopyKey(runId));
  }
  equal((await newestManifest(destination, "orders"))?.sequence, 59);
  // And whether a run was published.
  equal(destination.reads, 25);
  await destination.close();
});

Deno.test("the newest run is found among any number, in whatever year its clock was", async () => {
  const destination = new CountingDestination();
  const runs = Array.from({ length: 90 }, (_, i) => {
    // Twice the clock was set back, by years, and stayed there.
    const year = [2026, 2024, 2025][Math.floor(i / 30)];
    return `orders_${year}0329T09${10 + i % 30}00.000`;
  });
  for (const [i, runId] of runs.entries()) await leave(destination, runId, i + 1);
  destination.reads = 0;
  deepEqual(await newest(destination), [runs[89], null]);
  equal((await newestManifest(destination, "orders"))?.sequence, 90);
  ok(destination.reads <= 2 * 49, String(destination.reads));
  await leave(destination, "orders_20250329T100000.000", 91, "failed");
  deepEqual(await newest(destination), [runs[89], "orders_20250329T100000.000"]);
  await destination.close();
});
