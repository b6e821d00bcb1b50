import { deepEqual, equal } from "node:assert/strict";
import { openDestination } from "../../../../adapters/destinations/mod.ts";
import { findManifest, markerOf } from "../../../../core/manifest/find_manifest.ts";
import { withManifestDir } from "../../../../core/manifest/manifest_dir.ts";
import { isComplete, publishSuccess, withdrawSuccess } from "../../../../core/manifest/publish.ts";
import { bound, isStream } from "../../../../core/ports/destination.ts";
import { destinationCases } from "../../../conformance/destination.ts";
import type { OpenDestination } from "../../../support/destinations.ts";
import { MemoryDestination } from "../../../support/memory_destination.ts";
import { keys, LATER, manifestOf, put, RUN, withMemory } from "./support.ts";

const { signal } = new AbortController();
const placed = (inner: MemoryDestination, dir = "_rivet") =>
  bound(withManifestDir(inner, dir), signal);

for (const c of destinationCases) {
  Deno.test(`manifest_dir, as a destination: ${c.name}`, async () => {
    const inner = new MemoryDestination();
    const wrapped = withManifestDir(inner, "_rivet");
    try {
      await c.run({ ...wrapped, ...bound(wrapped, signal) } as OpenDestination);
    } finally {
      await inner.close();
    }
  });
}

Deno.test("manifest_dir: manifests lie there, the marker beside the parts", () =>
  withMemory(async (inner) => {
    const destination = placed(inner);
    const part = await put(inner, "orders_20260329_125109.parquet", "abc");
    await publishSuccess(destination, await manifestOf(inner, [part]));
    deepEqual(await keys(inner), [
      "_SUCCESS",
      `_rivet/manifest-${RUN}.json`,
      "_rivet/manifest.json",
      "orders_20260329_125109.parquet",
    ]);
    const found = await findManifest(destination, "orders", null);
    equal(found?.key, `_rivet/manifest-${RUN}.json`);
    deepEqual(await markerOf(destination, found!), { kind: "match" });
    equal(await isComplete(destination, RUN), true);
    equal(await withdrawSuccess(destination, RUN), true);
  }));

Deno.test("manifest_dir: runs from before it was set are found beside the parts", () =>
  withMemory(async (inner) => {
    const before = await manifestOf(inner, [], { order: { sequence: 1, previousRunId: null } });
    await publishSuccess(inner, before);
    const destination = placed(inner, ".m");
    equal((await findManifest(destination, "orders", null))?.manifest.run_id, RUN);
    equal(await isComplete(destination, RUN), true);
    const order = { sequence: 2, previousRunId: RUN };
    await publishSuccess(destination, await manifestOf(inner, [], { runId: LATER, order }));
    const newest = await findManifest(destination, "orders", null);
    equal(newest?.manifest.run_id, LATER);
    deepEqual(await markerOf(destination, newest!), { kind: "match" });
    const older = await findManifest(destination, "orders", RUN);
    equal(older?.key, `manifest-${RUN}.json`);
    deepEqual(await markerOf(destination, older!), { kind: "other_run", runId: LATER });
    // A run that is written again, say by a repair, is found where it is now.
    await publishSuccess(destination, before);
    equal((await findManifest(destination, "orders", RUN))?.key, `.m/manifest-${RUN}.json`);
  }));

Deno.test("manifest_dir: every store that has parts is opened with it", async () => {
  const root = await Deno.makeTempDir();
  const env = (name: string) => ({ K: "key", S: "sig=x" })[name];
  const keys = { access_key_env: "K", secret_key_env: "K" };
  const configs = [
    { type: "local", path: root },
    { type: "s3", bucket: "b", prefix: "", region: "r", ...keys },
    { type: "gcs", bucket: "b", prefix: "", endpoint: "http://localhost:9", allow_anonymous: true },
    { type: "azure", bucket: "b", prefix: "", account_name: "a", sas_token_env: "S" },
  ] as const;
  for (const config of configs) {
    const plain = await openDestination(config, env);
    const wrapped = await openDestination({ ...config, manifest_dir: "_rivet/" }, env);
    equal(isStream(wrapped), false);
    equal(wrapped.uri, plain.uri);
    equal(Object.getPrototypeOf(wrapped), Object.prototype, config.type);
    await plain.close();
    await wrapped.close();
  }
  await Deno.remove(root, { recursive: true });
});
