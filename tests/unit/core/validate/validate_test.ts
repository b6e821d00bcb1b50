import { loadFormat } from "../../../../adapters/formats/mod.ts";
import { loadTableFormat } from "../../../../adapters/tables/mod.ts";
import { deepEqual, equal, match } from "node:assert/strict";
import type { OpenDestination } from "../../../support/destinations.ts";
import { StdoutDestination } from "../../../../adapters/destinations/stdout.ts";
import { publishFailure, publishSuccess } from "../../../../core/manifest/publish.ts";
import { validateExports, type ValidateOptions } from "../../../../core/validate/validate.ts";
import { placeOfExport } from "../../../../core/validate/validate_place.ts";
import {
  bytes,
  exportOf,
  fileRecord,
  LATER,
  manifestOf,
  put,
  RUN,
  stateOf,
  withMemory,
} from "../manifest/support.ts";
import { ANYWHERE, validate } from "./support.ts";

async function goodRun(destination: OpenDestination, runId = RUN, exportName = "orders") {
  const second = runId.slice(-10, -4);
  const part = await put(destination, `${exportName}_20260329_${second}.parquet`, runId);
  const manifest = await manifestOf(destination, [part], { runId, exportName });
  await publishSuccess(destination, manifest);
  return part;
}

Deno.test("M5: a complete run passes", () =>
  withMemory(async (destination) => {
    await goodRun(destination);
    const found = await validate(destination);
    equal(found.status, "pass");
    deepEqual([found.run_id, found.success_marker, found.legacy_run], [RUN, "match", false]);
    equal(found.coverage, "1 verified: 1 md5");
    deepEqual(found.parts.map((p) => [p.status, p.verified_by, p.size_bytes]), [
      ["verified", "md5", RUN.length],
    ]);
  }));

Deno.test("M5: a missing part fails and is named", () =>
  withMemory(async (destination) => {
    const part = await goodRun(destination);
    await destination.move(part.path, "elsewhere");
    const found = await validate(destination);
    equal(found.status, "fail");
    deepEqual(found.findings, [{ code: "part_missing", message: `${part.path} is missing` }]);
  }));

Deno.test("M2: _SUCCESS absent, of other bytes, or of a manifest that was changed", () =>
  withMemory(async (destination) => {
    const part = await goodRun(destination);
    const original = await destination.read("manifest.json") as Uint8Array;
    await destination.move("_SUCCESS", "kept");
    equal((await validate(destination)).findings[0].code, "success_missing");
    await destination.replace(bytes("xxh3:0000000000000000\n"), "_SUCCESS");
    equal((await validate(destination)).findings[0].code, "success_mismatch");
    await destination.move("kept", "_SUCCESS");
    equal((await validate(destination)).status, "pass");
    const edited = new TextDecoder().decode(original).replace('"success"', '"failed"');
    await destination.replace(bytes(edited), "manifest.json");
    equal((await validate(destination)).findings[0].code, "success_mismatch");
    await destination.replace(original, "manifest.json");
    const copy = await manifestOf(destination, [{ ...part, rows: 11 }]);
    await destination.replace(bytes(JSON.stringify(copy)), `manifest-${RUN}.json`);
    match((await validate(destination)).findings[0].message, /differs from manifest\.json/);
  }));

Deno.test("a damaged manifest is a finding, not a crash", () =>
  withMemory(async (destination) => {
    await goodRun(destination);
    await destination.replace(bytes("{"), `manifest-${RUN}.json`);
    const found = await validate(destination);
    equal(found.status, "fail");
    equal(found.findings[0].code, "manifest_invalid");
  }));

Deno.test("in a shared folder every export finds its own last run", () =>
  withMemory(async (destination) => {
    await goodRun(destination);
    await goodRun(destination, "orders_items_20260330T000000.000", "orders_items");
    const orders = await validate(destination);
    deepEqual([orders.status, orders.run_id, orders.success_marker], ["pass", RUN, "other_run"]);
    const items = await validate(destination, { exports: [exportOf("orders_items")] });
    deepEqual([items.status, items.success_marker], ["pass", "match"]);
  }));

Deno.test("two exports that end at once: each marker is of a manifest that is there", () =>
  withMemory(async (destination) => {
    await goodRun(destination);
    const marker = await destination.read("_SUCCESS") as Uint8Array;
    await goodRun(destination, "users_20260330T000000.000", "users");
    await destination.replace(marker, "_SUCCESS");
    equal((await validate(destination)).status, "pass");
    const users = await validate(destination, { exports: [exportOf("users")] });
    equal(users.status, "pass");
  }));

Deno.test("a run that was killed between its manifest and its _SUCCESS is found", () =>
  withMemory(async (destination) => {
    await goodRun(destination);
    const marker = await destination.read("_SUCCESS") as Uint8Array;
    await goodRun(destination, LATER);
    await destination.replace(marker, "_SUCCESS");
    equal((await validate(destination)).findings[0].code, "success_of_older_run");
  }));

Deno.test("a later failed run is noted; a folder of failed runs only fails", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "orders_20260330_000000.parquet", "x");
    const failed = await manifestOf(destination, [part], { runId: LATER, status: "failed" });
    await publishFailure(destination, failed);
    equal((await validate(destination)).findings[0].code, "run_not_successful");
    await goodRun(destination);
    const found = await validate(destination);
    deepEqual([found.status, found.run_id], ["pass", RUN]);
    match(found.warnings[0], new RegExp(LATER));
  }));

Deno.test("--run-id takes a prior run, with or without its milliseconds", () =>
  withMemory(async (destination) => {
    await goodRun(destination);
    await goodRun(destination, LATER);
    for (const runId of [RUN, "orders_20260329T125109"]) {
      const found = await validate(destination, { runId });
      deepEqual([found.status, found.run_id], ["pass", RUN], runId);
    }
    const none = await validate(destination, { runId: "orders_20200101T000000.000" });
    equal(none.findings[0].code, "nothing_to_validate");
  }));

Deno.test("a folder that lost its copies is validated by manifest.json", () =>
  withMemory(async (destination) => {
    await goodRun(destination);
    await destination.move(`manifest-${RUN}.json`, "elsewhere");
    const found = await validate(destination);
    deepEqual([found.status, found.manifest], ["pass", "manifest.json"]);
  }));

Deno.test("M6: without a manifest the file log is compared, labelled legacy_run", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "orders_20260329_125109.parquet", "abc");
    const state = stateOf([fileRecord(part, RUN, destination.uri)]);
    const found = await validate(destination, { state });
    deepEqual([found.status, found.legacy_run, found.run_id], ["pass", true, RUN]);
    equal(found.coverage, "1 verified: 1 md5");
    await destination.move(part.path, "elsewhere");
    const missing = await validate(destination, { state });
    deepEqual([missing.status, missing.legacy_run], ["fail", true]);
    equal(missing.findings[0].code, "part_missing");
  }));

Deno.test("M6: with neither manifest nor log, presence is all that is claimed", () =>
  withMemory(async (destination) => {
    await put(destination, "orders_20260329_125109.csv", "abc");
    await put(destination, "orders_items_20260329_125109.csv", "");
    const csv = { format: "csv" as const };
    const found = await validate(destination, csv);
    deepEqual([found.status, found.legacy_run, found.coverage], ["pass", true, "1 present"]);
    equal(found.parts[0].expected_size_bytes, null);
    equal(found.warnings.some((warning) => warning.includes("size")), false);
    await put(destination, "_SUCCESS", "");
    const marked = await validate(destination, csv);
    deepEqual([marked.status, marked.findings[0].code], ["fail", "manifest_missing"]);
    await destination.move("_SUCCESS", "elsewhere");
    equal((await validate(destination)).findings[0].code, "nothing_to_validate");
    await put(destination, "orders_20260329_125110.csv", "");
    equal((await validate(destination, csv)).findings[0].code, "part_empty");
  }));

Deno.test("a destination that fails is that export's finding", () =>
  withMemory(async (destination) => {
    destination.list = () => {
      throw new Error("connect failed");
    };
    const found = await validate(destination);
    equal(found.findings[0].code, "destination_failed");
    equal(found.findings[0].message, "connect failed");
  }));

Deno.test("a stream has nothing to validate and does not fail", async () => {
  const report = await validateExports(
    {
      state: () => Promise.resolve(stateOf()),
      destination: () => Promise.resolve(new StdoutDestination()),
      format: loadFormat,
      table: loadTableFormat,
    },
    { ...ANYWHERE, exports: [exportOf("orders")] },
  );
  equal(report.exports[0].status, "not_applicable");
  deepEqual(report.summary, { exports: 1, passed: 0, failed: 0 });
});

async function place(path: string, where: Partial<ValidateOptions>, runs: string[] = []) {
  const metrics = runs.map((runId) => ({ runId, status: "success" as const }));
  const deps = { state: () => Promise.resolve(stateOf([], metrics)) };
  const { config } = await placeOfExport(
    deps,
    { ...ANYWHERE, ...where },
    exportOf("orders", { path }),
  );
  return config.type === "local" ? config.path : config.type;
}

Deno.test("the folder is today's, the date's, the run's or the one that is named", async () => {
  const today = new Date().toISOString().slice(0, 10);
  equal(await place("/out/{export}/{date}", {}), `/out/orders/${today}`);
  equal(await place("/out/{date}", { date: "2026-05-01" }), "/out/2026-05-01");
  equal(await place("/out/{date}", { runId: RUN }), "/out/2026-03-29");
  equal(await place("/out/{run_id}", { runId: RUN }), `/out/${RUN}`);
  equal(await place("/out/{run_id}", {}, [LATER, RUN]), `/out/${LATER}`);
  equal(
    await place("/out/{run_id}", { runId: "orders_20260329T125109" }, [LATER, RUN]),
    `/out/${RUN}`,
  );
  equal(await place("/out/{date}", { prefix: "/else/where" }), "/else/where");
});

Deno.test("a folder per run and no run known is said, not guessed", () =>
  withMemory(async (destination) => {
    const exports = [exportOf("orders", { path: "/out/{run_id}" })];
    const found = await validate(destination, { exports });
    equal(found.findings[0].code, "nothing_to_validate");
    match(found.findings[0].message, /no run is recorded/);
  }));
