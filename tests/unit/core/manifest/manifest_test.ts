import { deepEqual, equal, match, throws } from "node:assert/strict";
import { fingerprintOf } from "../../../../core/base/fingerprint.ts";
import { parseManifest, serializeManifest } from "../../../../core/manifest/manifest.ts";
import {
  publishFailure,
  publishSuccess,
  withdrawSuccess,
} from "../../../../core/manifest/publish.ts";
import { bytes, keys, LATER, manifestOf, put, RUN, text, withMemory } from "./support.ts";

/** Contracts section 3, in their order; `chunk_index` is Rivet's addition. */
const FIELDS = [
  "manifest_version",
  "run_id",
  "export_name",
  "started_at",
  "finished_at",
  "status",
  "source",
  "destination",
  "format",
  "compression",
  "schema_fingerprint",
  "columns",
  "row_count",
  "part_count",
  "parts",
  "sequence",
  "previous_run_id",
];
const PART_FIELDS = [
  "part_id",
  "path",
  "rows",
  "size_bytes",
  "content_fingerprint",
  "content_md5",
  "status",
  "chunk_index",
];

Deno.test("a manifest has exactly the fields of version 1, and M3's triple per part", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "orders_20260329_125109.parquet", "abc");
    const manifest = await manifestOf(destination, [part], { table: "public.orders" });
    deepEqual(Object.keys(manifest), FIELDS);
    deepEqual(Object.keys(manifest.parts[0]), PART_FIELDS);
    deepEqual(manifest.source, { engine: "postgres", schema: "public", table: "orders" });
    deepEqual(manifest.columns, [{ name: "id", type: "Int64" }]);
    equal(manifest.parts[0].size_bytes, 3);
    match(manifest.parts[0].content_fingerprint, /^xxh3:[0-9a-f]{16}$/);
    equal(manifest.parts[0].content_md5, "kAFQmDzST7DWlj99KOF/cg==");
  }));

Deno.test("equal facts give equal bytes, and the bytes read back", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "orders_20260329_125109.parquet", "abc");
    const manifest = await manifestOf(destination, [part]);
    const body = serializeManifest(manifest);
    deepEqual(body, serializeManifest(await manifestOf(destination, [part])));
    deepEqual(parseManifest(body, "manifest.json"), manifest);
  }));

Deno.test("only committed parts count", () =>
  withMemory(async (destination) => {
    const parts = [
      await put(destination, "a", "abc"),
      await put(destination, "b", "abc", { status: "superseded" }),
      await put(destination, "c", "abc", { status: "quarantined" }),
    ];
    const manifest = await manifestOf(destination, parts);
    equal(manifest.row_count, 10);
    equal(manifest.part_count, 1);
    deepEqual(manifest.parts.map((p) => p.status), ["committed", "superseded", "quarantined"]);
  }));

Deno.test("a field that a later version adds does not stop the reader", () =>
  withMemory(async (destination) => {
    const manifest = await manifestOf(destination, []);
    const more = JSON.stringify({ ...manifest, added_later: { any: "thing" } });
    equal(parseManifest(bytes(more), "manifest.json").run_id, RUN);
  }));

Deno.test("what is no manifest says what is wrong with it", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "a", "abc");
    const manifest = await manifestOf(destination, [part]);
    const cases: [unknown, RegExp][] = [
      [{ ...manifest, manifest_version: 2 }, /manifest\.json is not a manifest: manifest_version/],
      [{ ...manifest, row_count: 11 }, /row_count is 11, but the committed parts hold 10/],
      [{ ...manifest, part_count: 2 }, /part_count is 2, but 1 parts are committed/],
      [
        { ...manifest, parts: [{ ...manifest.parts[0], content_fingerprint: "md5:1" }] },
        /parts\.0\.content_fingerprint: expected xxh3/,
      ],
      [[], /is not a manifest/],
    ];
    for (const [json, message] of cases) {
      throws(() => parseManifest(bytes(JSON.stringify(json)), "manifest.json"), message);
    }
    throws(() => parseManifest(bytes("{"), "manifest.json"), /manifest\.json is not JSON/);
    throws(() => parseManifest(new Uint8Array([0xff]), "manifest.json"), /is not JSON/);
  }));

Deno.test("M1, M2: _SUCCESS is last and holds one line, the hash of the manifest's bytes", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "orders_20260329_125109.parquet", "abc");
    const written: string[] = [];
    const { replace } = destination;
    destination.replace = (body, key) => {
      written.push(key);
      return replace.call(destination, body, key);
    };
    await publishSuccess(destination, await manifestOf(destination, [part]));
    deepEqual(written, [`manifest-${RUN}.json`, "manifest.json", "_SUCCESS"]);
    const body = await destination.read("manifest.json");
    deepEqual(body, await destination.read(`manifest-${RUN}.json`));
    equal(await text(destination, "_SUCCESS"), `${await fingerprintOf(body as Uint8Array)}\n`);
    match(await text(destination, "_SUCCESS") ?? "", /^xxh3:[0-9a-f]{16}\n$/);
  }));

Deno.test("M4, M7: the next run replaces the manifest whole; the copy of the first stays", () =>
  withMemory(async (destination) => {
    await publishSuccess(destination, await manifestOf(destination, []));
    const first = await text(destination, "manifest.json");
    await publishSuccess(destination, await manifestOf(destination, [], { runId: LATER }));
    equal(JSON.parse(await text(destination, "manifest.json") ?? "").run_id, LATER);
    equal(await text(destination, `manifest-${RUN}.json`), first);
  }));

Deno.test("a run without rows leaves a manifest without parts", () =>
  withMemory(async (destination) => {
    await publishSuccess(destination, await manifestOf(destination, []));
    const manifest = JSON.parse(await text(destination, "manifest.json") ?? "");
    deepEqual([manifest.parts, manifest.row_count, manifest.part_count], [[], 0, 0]);
  }));

Deno.test("M2: a failed run leaves its manifest without _SUCCESS", () =>
  withMemory(async (destination) => {
    await publishFailure(destination, await manifestOf(destination, [], { status: "failed" }));
    deepEqual(await keys(destination), [`manifest-${RUN}.json`, "manifest.json"]);
    equal(JSON.parse(await text(destination, "manifest.json") ?? "").status, "failed");
  }));

Deno.test("M5: a failed run takes no complete run's manifest and _SUCCESS away", () =>
  withMemory(async (destination) => {
    await publishSuccess(destination, await manifestOf(destination, []));
    const before = [await text(destination, "manifest.json"), await text(destination, "_SUCCESS")];
    const failed = await manifestOf(destination, [], { runId: LATER, status: "failed" });
    await publishFailure(destination, failed);
    deepEqual(
      [await text(destination, "manifest.json"), await text(destination, "_SUCCESS")],
      before,
    );
    equal(JSON.parse(await text(destination, `manifest-${LATER}.json`) ?? "").status, "failed");
  }));

Deno.test("M5, M9: a withdrawn _SUCCESS is moved, and only by the run that it is of", () =>
  withMemory(async (destination) => {
    await publishSuccess(destination, await manifestOf(destination, []));
    equal(await withdrawSuccess(destination, LATER), false);
    const body = await text(destination, "_SUCCESS");
    equal(await withdrawSuccess(destination, RUN), true);
    equal(await text(destination, "_SUCCESS"), null);
    equal(await text(destination, `_quarantine/${RUN}/_SUCCESS`), body);
  }));
