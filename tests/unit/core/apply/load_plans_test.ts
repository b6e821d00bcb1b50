/** The rules of sealed plans by their letters; what needs a source is in `tests/live/plan`. */
import { deepEqual, equal, match, notEqual, rejects, throws } from "node:assert/strict";
import { join } from "node:path";
import { loadPlans } from "../../../../core/apply/load_plans.ts";
import { integrityOf } from "../../../../core/artifact/canonical.ts";
import { configureLogging } from "../../../../core/base/log.ts";
import type { PlanArtifact } from "../../../../core/artifact/artifact.ts";
import { sealOf, signatureOf, signingKey } from "../../../../core/artifact/seal.ts";
import { forgetSecrets, registerSecret } from "../../../../core/base/redact.ts";
import {
  artifactOf,
  chunkedStrategy,
  columnOf,
  incrementalStrategy,
  planned,
} from "../plan/planned.ts";

const HOUR_MS = 3_600_000;
const CHUNKED = planned({
  config: { mode: "chunked", chunk_column: "id", chunk_size: 100 },
  strategy: chunkedStrategy(3),
});

interface Place {
  readonly folder: string;
  readonly warnings: string[];
  /** Writes the value as a plan file and loads it. */
  load(
    value: unknown,
    options?: { force?: boolean; export?: string; verifyKey?: string },
  ): ReturnType<typeof loadPlans>;
}

async function inFolder(body: (place: Place) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const warnings: string[] = [];
  configureLogging({ level: "warn", sink: (entry) => warnings.push(entry.text) });
  const file = join(folder, "plan.json");
  try {
    await body({
      folder,
      warnings,
      async load(value, options = {}) {
        await Deno.writeTextFile(file, typeof value === "string" ? value : JSON.stringify(value));
        return await loadPlans(file, {
          exportName: options.export ?? null,
          force: options.force ?? false,
          now: new Date(),
          verifyKey: options.verifyKey ?? null,
        });
      },
    });
  } finally {
    configureLogging({ level: "error", sink: () => {} });
    await Deno.remove(folder, { recursive: true });
  }
}

/** With a seal that fits: what a careful forger, or a defect, would leave. */
async function resealed(
  artifact: PlanArtifact,
  change: Record<string, unknown>,
): Promise<PlanArtifact> {
  const forged = { ...artifact, ...change } as PlanArtifact;
  return { ...forged, integrity: await sealOf(forged) };
}

Deno.test("PA1: the plan alone is enough, and is taken as it was decided", () =>
  inFolder(async ({ load, folder, warnings }) => {
    const { config, sealed } = await load(await artifactOf(CHUNKED));
    const [exported] = config.exports;
    equal(exported.name, "orders");
    equal(exported.table, "orders");
    deepEqual(exported.tuning, CHUNKED.exported.tuning);
    deepEqual(exported.compression, CHUNKED.exported.compression);
    equal(config.source.url_env, "DATABASE_URL");
    deepEqual(sealed.get("orders")?.chunks.map(({ start, end }) => [start, end]), [
      ["1", "100"],
      ["101", "200"],
      ["201", "300"],
    ]);
    equal(sealed.get("orders")?.rowEstimate, 1_000);
    equal(config.dir, folder);
    equal(warnings.length, 1, "only that the configuration is not there (PA7)");
  }));

Deno.test("PA2, PA10: an edited plan is refused, and --force does not help", () =>
  inFolder(async ({ load }) => {
    const artifact = await artifactOf(CHUNKED);
    const edits: readonly ((a: PlanArtifact) => unknown)[] = [
      (a) => ({ ...a, computed: { ...a.computed, chunk_ranges: [[1, 100]], chunk_count: 1 } }),
      (a) => ({ ...a, computed: { ...a.computed, cursor_snapshot: "9" } }),
      (a) => ({ ...a, resolved_plan: { ...a.resolved_plan, base_query: "SELECT 1" } }),
      (a) => ({
        ...a,
        resolved_plan: {
          ...a.resolved_plan,
          export: { ...a.resolved_plan.export, destination: { type: "local", path: "/elsewhere" } },
        },
      }),
      (a) => ({ ...a, export_name: "other" }),
      (a) => ({ ...a, integrity: `${a.integrity.slice(0, -1)}x` }),
      (a) => ({ ...a, plan_fingerprint: "0123456789abcdef" }),
      (a) => ({ ...a, created_at: new Date().toISOString() }),
      (a) => ({ ...a, expires_at: "2999-01-01T00:00:00.000Z" }),
      (a) => ({ ...a, plan_id: "0".repeat(32) }),
      (a) => ({ ...a, config_path: "/elsewhere/rivet.yaml" }),
      (a) => ({ ...a, strategy: "full" }),
      (a) => ({ ...a, rivet_version: "9.9.9" }),
      (a) => ({ ...a, prioritization: { ...a.prioritization, recommended_wave: 9 } }),
      (a) => ({ ...a, diagnostics: { ...a.diagnostics, warnings: ["all is well"] } }),
      (a) => ({ ...a, added: 1 }),
      (a) => Object.fromEntries(Object.entries(a).filter(([key]) => key !== "expires_at")),
    ];
    for (const edit of edits) {
      for (const force of [false, true]) {
        await rejects(load(edit(artifact), { force }), { code: "PLAN_EDITED" }, edit.toString());
      }
    }
    // The layout of the file is nobody's edit.
    await load(JSON.stringify(Object.fromEntries(Object.entries(artifact).reverse()), null, 7));
  }));

Deno.test("PA2: no field of a plan is outside of its seal", () =>
  inFolder(async ({ load }) => {
    const artifact = await artifactOf(CHUNKED);
    for (const field of Object.keys(artifact)) {
      for (const change of [undefined, "other"]) {
        await rejects(load({ ...artifact, [field]: change }), (error: { code?: string }) => {
          match(String(error.code), /^PLAN_(EDITED|INVALID)$/, field);
          return true;
        });
      }
    }
  }));

Deno.test("a plan says the same outside of resolved_plan as in it, whatever its seal", () =>
  inFolder(async ({ load }) => {
    const artifact = await artifactOf(CHUNKED);
    const renamed = await resealed(artifact, { export_name: "other" });
    const message = /it is sealed for export 'orders'/;
    await rejects(load(renamed, { force: true }), { code: "PLAN_EDITED", message });
    const recut = await resealed(artifact, { plan_fingerprint: "0123456789abcdef" });
    const fingerprint = { code: "PLAN_EDITED", message: /plan_fingerprint/ };
    await rejects(load(recut, { force: true }), fingerprint);
  }));

Deno.test("PA2: a plan whose seal covered less is refused with what to do", () =>
  inFolder(async ({ load }) => {
    const { artifact_version: _, ...older } = await artifactOf(CHUNKED);
    const { resolved_plan, computed } = older;
    const integrity = await integrityOf({ resolved_plan, computed });
    await rejects(load({ ...older, integrity }, { force: true }), {
      code: "PLAN_INVALID",
      message: /sealed by another version of Rivet/,
      hint: /rivet plan/,
    });
  }));

Deno.test("a plan says no more than a configuration may, whatever its seal", () =>
  inFolder(async ({ load, folder }) => {
    const artifact = await artifactOf(CHUNKED);
    const changed = (change: Record<string, unknown>) => ({
      resolved_plan: {
        ...artifact.resolved_plan,
        export: { ...artifact.resolved_plan.export, ...change },
      },
    });
    const named = { export_name: "../../../x", ...changed({ name: "../../../x" }) };
    await rejects(load(await resealed(artifact, named), { force: true }), {
      code: "PLAN_INVALID",
      message: /becomes part of file names/,
    });
    for (
      const change of [
        { destination: { type: "local", path: "~/out" } },
        { max_file_size: "big" },
        { table: undefined, query_file: "/etc/passwd" },
        { destination: { type: "stdout" } },
        { quality: { unique_columns: ["a", "a"] } },
      ]
    ) {
      await rejects(load(await resealed(artifact, changed(change)), { force: true }), {
        code: "PLAN_INVALID",
      }, JSON.stringify(change));
    }
    const source = { ...artifact.resolved_plan.source, host: "postgres://u:p@h/db" };
    await rejects(
      load(await resealed(artifact, { resolved_plan: { ...artifact.resolved_plan, source } })),
      { code: "PLAN_INVALID" },
    );
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["plan.json"]);
  }));

Deno.test("what a configuration may say, a plan may say", () =>
  inFolder(async ({ load }) => {
    for (
      const one of [
        planned(),
        planned({ config: { parallel: 3, meta_columns: { row_hash: true }, wave: 2 } }),
        planned({
          config: { mode: "incremental", cursor_column: "id", skip_empty: true },
          strategy: incrementalStrategy(columnOf("id", "int")),
        }),
        planned({ config: { mode: "time_window", time_column: "at", days_window: 3 } }),
        planned({ config: { format: "csv", compression: "none", max_file_size: "1MB" } }),
        CHUNKED,
      ]
    ) await load(await artifactOf(one));
  }));

Deno.test("a signed plan is applied with its key only, an unsigned one not at all", () =>
  inFolder(async ({ load }) => {
    const [key, other] = ["k".repeat(16), "o".repeat(16)];
    const artifact = await artifactOf(CHUNKED, { signKey: key });
    match(artifact.signature ?? "", /^hmac-sha256:[0-9a-f]{64}$/);
    await load(artifact);
    await load(artifact, { verifyKey: key });
    await load(JSON.stringify(artifact, null, 4), { verifyKey: key });
    const edited = { code: "PLAN_EDITED", message: /signature/ };
    await rejects(load(artifact, { verifyKey: other, force: true }), edited);
    // The hash computed anew, as anybody can.
    for (const change of [{ config_path: "/elsewhere" }, { expires_at: "2999-01-01T00:00:00Z" }]) {
      await rejects(load(await resealed(artifact, change), { verifyKey: key }), edited);
    }
    for (const signature of ["", "hmac-sha256:", `hmac-sha256:${"0".repeat(64)}`, 1, null]) {
      await rejects(load({ ...artifact, signature }, { verifyKey: key }), edited);
    }
    const signed = { ...artifact, signature: await signatureOf(artifact, other) };
    await rejects(load(signed, { verifyKey: key }), edited);
    await load(signed, { verifyKey: other });
    const { signature: _, ...unsigned } = artifact;
    await rejects(load(unsigned, { verifyKey: key, force: true }), {
      code: "PLAN_INVALID",
      message: /not signed/,
    });
    // One unsigned plan among signed ones is as good as none.
    const second = await artifactOf(planned({ name: "second" }));
    await rejects(load({ plans: [artifact, second] }, { verifyKey: key }), /not signed/);
  }));

Deno.test("a key is what its variable holds, and long enough", () => {
  const env = (name: string) => ({ GOOD: " 0123456789abcdef\n", SHORT: "0123", EMPTY: "" })[name];
  equal(signingKey(env, "--sign-key-env", "GOOD"), "0123456789abcdef");
  for (
    const [name, problem] of [["NONE", /is not set/], ["EMPTY", /is not set/], [
      "SHORT",
      /less than 16/,
    ]] as const
  ) {
    throws(() => signingKey(env, "--sign-key-env", name), { code: "USAGE", message: problem });
  }
});

Deno.test("PA3: a plan of the future is refused, a clock that is a little ahead is not", () =>
  inFolder(async ({ load }) => {
    const ahead = (ms: number) => artifactOf(CHUNKED, { now: new Date(Date.now() + ms) });
    await load(await ahead(5 * 60_000));
    await rejects(load(await ahead(HOUR_MS), { force: true }), {
      code: "PLAN_STALE",
      message: /still to come/,
    });
  }));

Deno.test("PA3: silent below an hour, a WARN up to 24, then refused without --force", () =>
  inFolder(async ({ load, warnings }) => {
    const aged = async (ms: number, force = false) => {
      warnings.length = 0;
      const artifact = await artifactOf(CHUNKED, { now: new Date(Date.now() - ms) });
      const { sealed } = await load(artifact, { force });
      return {
        forced: sealed.get("orders")?.forced,
        warned: warnings.filter((w) => w.includes("h old")).length,
      };
    };
    deepEqual(await aged(HOUR_MS - 5_000), { forced: [], warned: 0 });
    deepEqual(await aged(HOUR_MS + 5_000), { forced: [], warned: 1 });
    deepEqual(await aged(24 * HOUR_MS - 5_000), { forced: [], warned: 1 });
    await rejects(aged(24 * HOUR_MS + 5_000), { code: "PLAN_STALE" });
    deepEqual(await aged(24 * HOUR_MS + 5_000, true), { forced: ["stale_plan"], warned: 1 });
  }));

Deno.test("PA5: ranges are checked again on load", () =>
  inFolder(async ({ load }) => {
    const artifact = await artifactOf(CHUNKED);
    const ranges = async (chunk_ranges: unknown[], chunk_count = chunk_ranges.length) =>
      load(
        await resealed(artifact, { computed: { ...artifact.computed, chunk_ranges, chunk_count } }),
      );
    await ranges([[1, 100], [101, 300]]);
    await rejects(ranges([[1, 100], [100, 300]]), { code: "PLAN_INVALID", message: /overlaps/ });
    await rejects(ranges([[1, 100], [150, 300]]), { code: "PLAN_INVALID", message: /gap/ });
    await rejects(ranges([[100, 1]]), { code: "PLAN_INVALID", message: /ends before it starts/ });
    await rejects(ranges([[1, 100]], 2), { code: "PLAN_INVALID", message: /chunk_count is 2/ });
    await rejects(ranges([[1.5, 2]]), { code: "PLAN_INVALID" });
  }));

Deno.test("PA6: the fingerprint is over query, column, size, count, dense and days", async () => {
  const fingerprint = async (config: Record<string, unknown>, base?: string) => {
    const one = planned({
      config: { mode: "chunked", chunk_column: "id", chunk_size: 100, ...config },
      strategy: chunkedStrategy(1),
    });
    const plan = base === undefined ? one.plan : { ...one.plan, base };
    return (await artifactOf({ ...one, plan })).plan_fingerprint;
  };
  const same = await fingerprint({});
  match(same, /^[0-9a-f]{16}$/);
  equal(await fingerprint({ parallel: 4, format: "csv" }), same);
  notEqual(await fingerprint({ chunk_size: 101 }), same);
  notEqual(await fingerprint({ chunk_size: undefined, chunk_count: 4 }), same);
  notEqual(await fingerprint({ chunk_dense: true }), same);
  notEqual(await fingerprint({ chunk_size: undefined, chunk_by_days: 1 }), same);
  notEqual(await fingerprint({}, "SELECT 2"), same);
});

Deno.test("PA7: state is beside the configuration, else beside the plan with a WARN", () =>
  inFolder(async ({ load, folder, warnings }) => {
    const home = join(folder, "home");
    await Deno.mkdir(home);
    const path = join(home, "rivet.yaml");
    const artifact = await artifactOf(CHUNKED, { path });
    const without = await load(artifact);
    equal(without.config.dir, folder);
    deepEqual(without.config.exports[0].destination, { type: "local", path: join(folder, "out") });
    match(
      warnings[0],
      /is not there: state and relative paths are taken from the plan's own folder/,
    );
    await Deno.writeTextFile(path, "only its place counts: PA1");
    warnings.length = 0;
    const beside = await load(artifact);
    equal(beside.config.dir, home);
    deepEqual(beside.config.exports[0].destination, { type: "local", path: join(home, "out") });
    deepEqual(warnings, []);
  }));

Deno.test("PA8: a verdict is advice", () =>
  inFolder(async ({ load }) => {
    await load(await artifactOf(planned({ verdict: "UNSAFE" })));
  }));

Deno.test("PA9: no secret enters a plan, and apply says how credentials come", () =>
  inFolder(async ({ load }) => {
    const password = "s3cr/t p@ss%";
    registerSecret(password);
    const source = (fields: Record<string, unknown>) => artifactOf(CHUNKED, { source: fields });
    const fields = { host: "db", user: "rivet", database: "shop" };
    const forms = [
      await source({ url: `postgres://rivet:${encodeURIComponent(password)}@db/shop` }),
      await source({ ...fields, password }),
    ];
    forgetSecrets();
    for (
      const [artifact, path] of [[forms[0], "source.url"], [forms[1], "source.password"]] as const
    ) {
      const text = JSON.stringify(artifact);
      for (
        const form of [
          password,
          encodeURIComponent(password),
          JSON.stringify(password).slice(1, -1),
        ]
      ) {
        equal(text.includes(form), false, form);
      }
      deepEqual(artifact.resolved_plan.redacted, [path]);
      await rejects(load(artifact, { force: true }), {
        code: "CONFIG_INVALID",
        message: new RegExp(`holds no credentials: ${path}`),
        hint: /url_env or password_env/,
      });
    }
    match(forms[0].resolved_plan.source.url ?? "", /^postgres:\/\/REDACTED@db\/shop$/);
    equal("password" in forms[1].resolved_plan.source, false);
    for (
      const reference of [{ url_env: "A" }, { url_file: "./a" }, { ...fields, password_env: "A" }]
    ) {
      const artifact = await source(reference);
      deepEqual(artifact.resolved_plan.redacted, []);
      deepEqual(artifact.resolved_plan.source, { type: "postgres", ...reference });
    }
  }));

Deno.test("PA9: a webhook is left out, and only notifications are missing then", () =>
  inFolder(async ({ load, warnings }) => {
    const slack = { webhook_url: "https://hooks.slack.com/services/T/B/xyz", on: ["failure"] };
    const artifact = await artifactOf(CHUNKED, { notifications: { slack } });
    equal(JSON.stringify(artifact).includes("xyz"), false);
    const { config } = await load(artifact);
    equal(config.config.notifications, undefined);
    equal(warnings.some((w) => w.includes("webhook_url_env")), true);
  }));

Deno.test("what is no plan is refused with the way to make one", () =>
  inFolder(async ({ load, folder }) => {
    const hint = /rivet plan --format json/;
    await rejects(load("not json"), { code: "PLAN_INVALID", message: /is not JSON/, hint });
    await rejects(load(""), { code: "PLAN_INVALID", hint });
    await rejects(load([]), { code: "PLAN_INVALID", hint });
    await rejects(load({ plans: [] }), { code: "PLAN_INVALID", hint });
    await rejects(load({ run_id: "x", parts: [] }), { code: "PLAN_INVALID", hint });
    const artifact = await artifactOf(CHUNKED);
    const newer = {
      ...artifact.resolved_plan,
      export: { ...artifact.resolved_plan.export, later: 1 },
    };
    await rejects(load(await resealed(artifact, { resolved_plan: newer })), {
      code: "PLAN_INVALID",
    });
    const missing = loadPlans(join(folder, "none.json"), {
      exportName: null,
      force: false,
      now: new Date(),
      verifyKey: null,
    });
    await rejects(missing, { code: "CONFIG_NOT_FOUND", hint });
  }));

Deno.test("several plans: all are checked first, in the order of their waves, or one is chosen", () =>
  inFolder(async ({ load }) => {
    const urgent = planned({
      name: "urgent",
      config: { mode: "incremental", cursor_column: "id" },
      strategy: incrementalStrategy(columnOf("id", "int")),
      cursor: "41",
    });
    const plans = [await artifactOf(CHUNKED), await artifactOf(urgent)];
    const { config, sealed } = await load({ plans });
    deepEqual(config.exports.map((e) => e.name), ["urgent", "orders"]);
    deepEqual([sealed.get("urgent")?.incremental, sealed.get("urgent")?.cursor], [true, "41"]);
    deepEqual((await load({ plans }, { export: "orders" })).config.exports.length, 1);
    await rejects(load({ plans }, { export: "ordres" }), {
      code: "USAGE",
      message: /did you mean "orders"/,
    });
    await rejects(load({ plans: [plans[0], plans[0]] }), { code: "PLAN_INVALID" });
    const elsewhere = await artifactOf(urgent, { source: { url_env: "OTHER" } });
    await rejects(load({ plans: [plans[0], elsewhere] }), {
      code: "PLAN_INVALID",
      message: /different/,
    });
    const edited = { ...plans[1], computed: { ...plans[1].computed, cursor_snapshot: "42" } };
    await rejects(load({ plans: [plans[0], edited] }), { code: "PLAN_EDITED" });
    equal((await load({ plans: [plans[0], edited] }, { export: "orders" })).sealed.size, 1);
  }));
