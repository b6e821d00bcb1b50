/** The end of a run at its destination, on a context of the parts that it needs. */
import { loadFormat } from "../../../../adapters/formats/mod.ts";
import { deepEqual, equal, match } from "node:assert/strict";
import { StdoutDestination } from "../../../../adapters/destinations/stdout.ts";
import { DestinationError, StateError } from "../../../../core/base/errors.ts";
import type { AnyDestination } from "../../../../core/ports/destination.ts";
import type { ExportContext } from "../../../../core/run/context.ts";
import { Journal } from "../../../../core/run/journal.ts";
import { runDestination } from "../../../../core/run/retries.ts";
import type { LoadedExport } from "../../../../core/config/loaded.ts";
import { publishRun } from "../../../../core/run/publish_run.ts";
import type { ExportStatus } from "../../../../core/report/summary.ts";
import type { PartRecord } from "../../../../core/manifest/parts.ts";
import { bytes, exportOf, keys, put, RUN, text, withMemory } from "../manifest/support.ts";

interface Wanted {
  /** What the lease answers; absent: that it is held. */
  readonly confirm?: () => Promise<void>;
  readonly validate?: boolean;
  readonly verify?: "size" | "content";
}

function contextOf(destination: AnyDestination, { validate = false, verify, confirm }: Wanted) {
  const exported = {
    ...exportOf("orders", { verify }),
    tuning: { maxRetries: 2, retryBackoffMs: 1, retryMaxBackoffMs: 1 },
  };
  const journal = new Journal(RUN, "orders");
  const tracker = {
    retries: 0,
    retried() {
      this.retries++;
    },
  };
  const { signal } = new AbortController();
  const run = { exported: exported as unknown as LoadedExport, journal, tracker, signal };
  const context = {
    deps: { format: loadFormat },
    options: { validate },
    config: { source: { type: "postgres" } },
    exported,
    runId: RUN,
    order: { sequence: 7, previousRunId: null },
    startedAt: new Date(),
    lease: { confirm: confirm ?? (() => Promise.resolve()) },
    destination: runDestination(run, destination),
    journal,
    tracker,
    signal,
  };
  return context as unknown as ExportContext;
}

function publish(
  destination: AnyDestination,
  status: ExportStatus,
  parts: readonly PartRecord[],
  wanted: Wanted = {},
) {
  return publishRun(contextOf(destination, wanted), { status, columns: [], parts, cursor: null });
}

const PUBLISHED = ["_SUCCESS", `manifest-${RUN}.json`, "manifest.json"];

Deno.test("a successful run leaves manifest, copy and _SUCCESS; --validate adds the coverage", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "a", "abc");
    deepEqual(await publish(destination, "success", [part]), { error: null, coverage: null });
    deepEqual(await keys(destination), ["_SUCCESS", "a", ...PUBLISHED.slice(1)]);
    const verified = await publish(destination, "success", [part], { validate: true });
    deepEqual(verified, { error: null, coverage: "1 verified: 1 md5" });
    const manifest = JSON.parse(await text(destination, "manifest.json") ?? "");
    equal(manifest.started_at, "2026-03-29T12:51:09.336Z");
    equal(manifest.sequence, 7);
  }));

Deno.test("M5: what verification refutes fails the run and takes _SUCCESS back", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "a", "abc");
    await destination.replace(bytes("abcd"), "a");
    const { error, coverage } = await publish(destination, "success", [part], { validate: true });
    equal(error?.code, "VALIDATION_FAILED");
    match(error?.message ?? "", /a has 4 bytes, recorded are 3/);
    equal(coverage, "0 verified; 1 of another size");
    equal(await text(destination, "_SUCCESS"), null);
    equal(JSON.parse(await text(destination, "manifest.json") ?? "").status, "failed");
    equal(JSON.parse(await text(destination, `manifest-${RUN}.json`) ?? "").status, "failed");
  }));

Deno.test("M5: verify: content verifies without --validate", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "a", "abc");
    await destination.replace(bytes("abc"), "a");
    const { error } = await publish(destination, "success", [part], { verify: "content" });
    match(error?.message ?? "", /can only be compared by size here/);
  }));

Deno.test("a manifest that cannot be written fails the run; a passing failure is retried", () =>
  withMemory(async (destination) => {
    const { replace } = destination;
    let failures = 1;
    destination.replace = (body, key) => {
      if (failures-- > 0) {
        return Promise.reject(
          new DestinationError("DESTINATION_FAILED", "reset", { category: "network" }),
        );
      }
      return replace.call(destination, body, key);
    };
    equal((await publish(destination, "success", [])).error, null);
    deepEqual(await keys(destination), PUBLISHED);
    failures = 100;
    equal((await publish(destination, "success", [])).error?.code, "DESTINATION_FAILED");
  }));

Deno.test("M2: a failed or interrupted run leaves its manifest beside its parts", () =>
  withMemory(async (destination) => {
    for (const status of ["failed", "interrupted"] as const) {
      const part = await put(destination, status, "abc");
      equal((await publish(destination, status, [part])).error, null);
      equal(JSON.parse(await text(destination, "manifest.json") ?? "").status, status);
      equal(await text(destination, "_SUCCESS"), null);
    }
  }));

Deno.test("a run that left no part, a skipped run and a stream leave no manifest", () =>
  withMemory(async (destination) => {
    await publish(destination, "failed", []);
    await publish(destination, "skipped", []);
    deepEqual(await keys(destination), []);
    deepEqual(await publish(new StdoutDestination(), "success", []), {
      error: null,
      coverage: null,
    });
  }));

Deno.test("a run that has lost its lease leaves what another one has published as it is", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "a", "abc");
    await publish(destination, "success", [part]);
    const published = await Promise.all(PUBLISHED.map((key) => text(destination, key)));
    const confirm = () => Promise.reject(new StateError("LEASE_LOST", "taken over"));
    for (const status of ["success", "failed", "interrupted"] as const) {
      const { error } = await publish(destination, status, [part], { confirm, validate: true });
      equal(error?.code, status === "success" ? "LEASE_LOST" : undefined);
    }
    // Of the same run id too: whoever took it over has resumed it.
    deepEqual(await Promise.all(PUBLISHED.map((key) => text(destination, key))), published);
    deepEqual(await keys(destination), ["_SUCCESS", "a", ...PUBLISHED.slice(1)]);
  }));

Deno.test("a lease that is lost between manifest and verification leaves _SUCCESS to its new owner", () =>
  withMemory(async (destination) => {
    const part = await put(destination, "a", "abc");
    await destination.replace(bytes("abcd"), "a");
    let asked = 0;
    const confirm = () =>
      asked++ === 0
        ? Promise.resolve()
        : Promise.reject(new StateError("LEASE_LOST", "taken over"));
    const { error } = await publish(destination, "success", [part], { confirm, validate: true });
    equal(error?.code, "VALIDATION_FAILED");
    match(await text(destination, "_SUCCESS") ?? "", /^xxh3:/);
  }));
