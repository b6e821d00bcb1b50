/** What is left in the folders of a partitioned run, and when. */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Manifest } from "../../../../core/manifest/manifest.ts";
import {
  publishFailure,
  publishPrepared,
  publishSuccess,
  withdrawSuccess,
} from "../../../../core/manifest/publish.ts";
import { supersede } from "../../../../core/manifest/parts.ts";
import { fingerprintOf } from "../../../../core/base/fingerprint.ts";
import { withManifestDir } from "../../../../core/manifest/manifest_dir.ts";
import { bound } from "../../../../core/ports/destination.ts";
import type { MemoryDestination } from "../../../support/memory_destination.ts";
import { bytes, keys, LATER, manifestOf, put, RUN, text, withMemory } from "./support.ts";

const FIRST = "at_day=2026-01-30/";
const SECOND = "at_day=2026-01-31/";

async function runOf(destination: MemoryDestination, runId = RUN, folders = [FIRST, SECOND]) {
  const parts = [];
  for (const folder of folders) {
    parts.push(await put(destination, `${folder}${runId}.parquet`, folder + runId));
  }
  return { parts, manifest: await manifestOf(destination, parts, { runId }) };
}

async function manifestAt(destination: MemoryDestination, key: string): Promise<Manifest> {
  return JSON.parse(await text(destination, key) ?? "null");
}

/** Keys in the order in which they are written from now on. */
function writes(destination: MemoryDestination): string[] {
  const { replace } = destination;
  const written: string[] = [];
  destination.replace = (body, key) => {
    written.push(key);
    return replace.call(destination, body, key);
  };
  return written;
}

Deno.test("partitions: each folder has a manifest of its own parts, and a marker of that", () =>
  withMemory(async (destination) => {
    const { manifest } = await runOf(destination);
    await publishSuccess(destination, manifest);
    for (const folder of [FIRST, SECOND]) {
      const own = await manifestAt(destination, `${folder}manifest.json`);
      deepEqual(own.parts.map(({ path, part_id }) => [path, part_id]), [[`${RUN}.parquet`, 1]]);
      deepEqual([own.run_id, own.status, own.row_count, own.part_count], [RUN, "success", 10, 1]);
      ok(own.destination.uri.endsWith(`/${folder.slice(0, -1)}`), own.destination.uri);
      const copy = await destination.read(`${folder}manifest-${RUN}.json`);
      deepEqual(copy, await destination.read(`${folder}manifest.json`));
      equal(await text(destination, `${folder}_SUCCESS`), `${await fingerprintOf(copy!)}\n`);
    }
  }));

Deno.test("partitions: no folder is complete before the run is decided, nor the run before them", () =>
  withMemory(async (destination) => {
    const { manifest } = await runOf(destination);
    await publishPrepared(destination, { ...manifest, status: "prepared" });
    deepEqual((await keys(destination)).filter((key) => /_SUCCESS|manifest\.json/.test(key)), []);
    const written = writes(destination);
    await publishSuccess(destination, manifest);
    equal(written[0], `manifest-${RUN}.json`);
    deepEqual(written.slice(-2), ["manifest.json", "_SUCCESS"]);
    equal(written.length, 3 + 2 * 3);
    for (const folder of [FIRST, SECOND]) {
      const own = written.filter((key) => key.startsWith(folder));
      deepEqual(own.map((key) => key.slice(folder.length)), [
        `manifest-${RUN}.json`,
        "manifest.json",
        "_SUCCESS",
      ]);
    }
  }));

Deno.test("partitions: a run that failed leaves none, one that is taken back corrects its own", () =>
  withMemory(async (destination) => {
    const { manifest } = await runOf(destination);
    await publishFailure(destination, { ...manifest, status: "failed" });
    equal((await keys(destination, "at_day=")).length, 2);
    await publishSuccess(destination, manifest);
    // The second folder has a later run by now.
    const later = await runOf(destination, LATER, [SECOND]);
    await publishSuccess(destination, later.manifest);
    await withdrawSuccess(destination, RUN);
    await publishFailure(destination, { ...manifest, status: "failed" });
    equal(await text(destination, `${FIRST}_SUCCESS`), null);
    ok(await text(destination, `_quarantine/${RUN}/${FIRST}_SUCCESS`));
    equal((await manifestAt(destination, `${FIRST}manifest.json`)).status, "failed");
    equal((await manifestAt(destination, `${SECOND}manifest-${RUN}.json`)).status, "failed");
    const current = await manifestAt(destination, `${SECOND}manifest.json`);
    deepEqual([current.run_id, current.status], [LATER, "success"]);
    ok(await text(destination, `${SECOND}_SUCCESS`));
  }));

Deno.test("partitions: a repair that leaves a folder without data says so there", () =>
  withMemory(async (destination) => {
    const { parts, manifest } = await runOf(destination);
    await publishSuccess(destination, manifest);
    const moved = await put(destination, `${SECOND}again.parquet`, "again");
    const repaired = await manifestOf(destination, [...supersede([parts[0]]), parts[1], moved]);
    await publishSuccess(destination, repaired);
    const first = await manifestAt(destination, `${FIRST}manifest.json`);
    deepEqual([first.row_count, first.parts.map(({ status }) => status)], [0, ["superseded"]]);
    const second = await manifestAt(destination, `${SECOND}manifest.json`);
    deepEqual([second.row_count, second.part_count], [20, 2]);
    const marker = await fingerprintOf((await destination.read(`${FIRST}manifest.json`))!);
    equal(await text(destination, `${FIRST}_SUCCESS`), `${marker}\n`);
  }));

Deno.test("partitions: parts in quarantine lie in no partition", () =>
  withMemory(async (destination) => {
    const { parts } = await runOf(destination);
    const gone = { ...parts[0], path: `_quarantine/${RUN}/${parts[0].path}` };
    const manifest = await manifestOf(destination, [
      { ...gone, status: "quarantined" },
      parts[1],
    ]);
    await publishSuccess(destination, manifest);
    deepEqual((await keys(destination, "_quarantine/")).length, 0);
    deepEqual((await keys(destination, FIRST)).length, 1);
  }));

Deno.test("partitions: manifest_dir moves their manifests too, and not their markers", () =>
  withMemory(async (destination) => {
    const { manifest } = await runOf(destination);
    const { signal } = new AbortController();
    await publishSuccess(bound(withManifestDir(destination, "_rivet"), signal), manifest);
    deepEqual(
      await keys(destination, FIRST),
      [
        `${FIRST}${RUN}.parquet`,
        `${FIRST}_SUCCESS`,
        `${FIRST}_rivet/manifest-${RUN}.json`,
        `${FIRST}_rivet/manifest.json`,
      ].sort(),
    );
    await destination.replace(bytes("x"), "other");
  }));
