/** `rivet plan` and `rivet apply plan.json` on a PostgreSQL server, through the command line. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { sealOf } from "../../../core/artifact/seal.ts";
import { type Bench, onBench, range, SOURCE, succeeded } from "./bench.ts";

const SHOP = `
  CREATE TABLE orders (id bigint PRIMARY KEY, note text, updated_at timestamptz NOT NULL);
  INSERT INTO orders SELECT g, 'n' || g, '2025-01-01'::timestamptz + g * interval '1 second'
    FROM generate_series(1, 1000) g;
  CREATE INDEX ON orders (updated_at);
  CREATE TABLE plain (id int, n int);
  INSERT INTO plain SELECT g, g FROM generate_series(1, 200) g;
  ANALYZE`;

const CHUNKED = `${SOURCE}exports:
  - name: orders        # the shop's
    query: "SELECT id, note FROM orders"
    mode: chunked
    chunk_column: id
    chunk_size: 250
    chunk_checkpoint: true
    format: csv
    destination: { type: local, path: ./out }
`;

const INCREMENTAL = `${SOURCE}exports:
  - name: orders
    query: "SELECT id, updated_at FROM orders"
    mode: incremental
    cursor_column: updated_at
    format: csv
    destination: { type: local, path: ./out }
`;

async function shop(bench: Bench, config: string): Promise<void> {
  await bench.db.sql(SHOP);
  await bench.write("rivet.yaml", config);
}

async function planned(bench: Bench, ...args: string[]): Promise<void> {
  succeeded(
    await bench.rivet("plan", "-c", "rivet.yaml", "--format", "json", "-o", "plan.json", ...args),
  );
}

Deno.test("the artifact has the documented fields, and nothing is exported", () =>
  onBench(async (bench) => {
    await shop(bench, CHUNKED);
    const { out } = succeeded(await bench.rivet("plan", "-c", "rivet.yaml", "--format", "json"));
    const artifact = JSON.parse(out);
    deepEqual(Object.keys(artifact).sort(), [
      ...[
        "artifact_version",
        "computed",
        "config_path",
        "created_at",
        "diagnostics",
        "expires_at",
        "export_name",
      ],
      ...["integrity", "plan_fingerprint", "plan_id", "prioritization", "resolved_plan"],
      ...["rivet_version", "strategy"],
    ]);
    deepEqual(artifact.computed, {
      chunk_ranges: [[1, 250], [251, 500], [501, 750], [751, 1000]],
      chunk_count: 4,
      cursor_snapshot: null,
      row_estimate: 1000,
    });
    deepEqual(artifact.diagnostics, {
      verdict: "Efficient",
      warnings: [],
      recommended_profile: "fast",
    });
    equal(await Deno.readTextFile(bench.path("rivet.yaml")), CHUNKED, "one export has no wave");
    const pretty = succeeded(await bench.rivet("plan", "-c", "rivet.yaml"));
    match(pretty.out, /Scan type {2}: Index (Only )?Scan using orders_pkey/);
    const left = [...Deno.readDirSync(bench.folder)].map((e) => e.name).filter((n) =>
      !n.startsWith(".rivet_state")
    );
    deepEqual(left, ["rivet.yaml"]);
  }));

Deno.test("a plan signed with a key is applied with that key, and not when it was sealed anew", () =>
  onBench(async (bench) => {
    await shop(bench, CHUNKED);
    bench.env.PLAN_KEY = "0123456789abcdef0123456789abcdef";
    bench.env.OTHER_KEY = "another key of some length";
    await planned(bench, "--sign-key-env", "PLAN_KEY");
    const artifact = await bench.plan();
    const forged = { ...artifact, config_path: bench.path("elsewhere", "rivet.yaml") };
    forged.integrity = await sealOf(forged);
    await bench.write("forged.json", JSON.stringify(forged));
    for (
      const [file, key, message] of [
        ["forged.json", "PLAN_KEY", /edited: its signature is not of this key/],
        ["plan.json", "OTHER_KEY", /edited: its signature is not of this key/],
        ["plan.json", "NO_KEY", /NO_KEY, which is not set/],
      ] as const
    ) {
      const refused = await bench.rivet("apply", file, "--verify-key-env", key, "--force");
      equal(refused.code === 0, false);
      match(refused.err, message);
      equal(refused.err.includes(bench.env.PLAN_KEY), false);
    }
    ok(![...Deno.readDirSync(bench.folder)].some((e) => e.name === "out"));
    succeeded(await bench.rivet("apply", "plan.json", "--verify-key-env", "PLAN_KEY"));
    equal((await bench.ids("out")).length, 1000);
  }));

Deno.test("a scan without an index is told by its mode", () =>
  onBench(async (bench) => {
    await shop(
      bench,
      `${SOURCE}exports:\n- {name: plain, table: plain, mode: incremental, cursor_column: n,` +
        ` destination: {type: local, path: ./out}}\n`,
    );
    const { out } = succeeded(await bench.rivet("plan", "-c", "rivet.yaml"));
    match(out, /Scan type {2}: Seq Scan on plain/);
    match(out, /Verdict {4}: Degraded/);
    match(out, /• no index detected, full table scan: index the cursor column/);
    match(out, /\[weak_cursor\]/);
  }));

Deno.test("PA1: apply runs the sealed chunks, without the configuration and without MIN and MAX", () =>
  onBench(async (bench) => {
    await shop(bench, CHUNKED);
    await planned(bench);
    // Rows outside of the ranges came later; a run would have found them.
    await bench.db.sql(
      "INSERT INTO orders SELECT g, 'x', now() FROM generate_series(5001, 5010) g",
    );
    await Deno.rename(bench.path("rivet.yaml"), bench.path("gone.yaml"));
    const { err } = succeeded(await bench.rivet("apply", "plan.json"));
    match(err, /WARN .*rivet\.yaml, which is not there/, "PA7");
    deepEqual(await bench.ids("out"), range(1, 1000));
    await Deno.rename(bench.path("gone.yaml"), bench.path("rivet.yaml"));
    const chunks = JSON.parse(
      succeeded(await bench.rivet("state", "chunks", "-c", "rivet.yaml", "-e", "orders", "--json"))
        .out,
    );
    equal(JSON.stringify(chunks).includes((await bench.plan()).plan_fingerprint), true, "PA6, PA7");
    const journal = succeeded(
      await bench.rivet("journal", "-c", "rivet.yaml", "-e", "orders", "--json"),
    );
    ok(journal.out.includes((await bench.plan()).plan_id), "the journal names the plan");
  }));

Deno.test("PA1: full exports with several readers apply the sealed key ranges", () =>
  onBench(async (bench) => {
    await shop(
      bench,
      `${SOURCE}exports:\n- name: orders\n  table: orders\n  parallel: 2\n  format: csv\n` +
        `  destination: {type: local, path: ./out}\n`,
    );
    await planned(bench);
    deepEqual((await bench.plan()).computed.chunk_ranges, [[null, 500], [500, null]]);
    succeeded(await bench.rivet("apply", "plan.json"));
    deepEqual(await bench.ids("out"), range(1, 1000));
  }));

Deno.test("PA4: a moved cursor is refused with both values; --force reads again and is recorded", () =>
  onBench(async (bench) => {
    await shop(bench, INCREMENTAL);
    succeeded(await bench.rivet("run", "-c", "rivet.yaml"));
    await planned(bench);
    const snapshot = (await bench.plan()).computed.cursor_snapshot ?? "";
    await bench.db.sql(
      "INSERT INTO orders SELECT g, 'new', '2025-06-01'::timestamptz + g * interval '1 us'" +
        " FROM generate_series(1001, 1005) g",
    );
    succeeded(await bench.rivet("run", "-c", "rivet.yaml"));
    await Deno.remove(bench.path("out"), { recursive: true });
    const refused = await bench.rivet("apply", "plan.json");
    equal(refused.code, 1);
    ok(refused.err.includes(`'${snapshot}'`), refused.err);
    ok(refused.err.includes("2025-06-01 00:00:00.001005+00"), refused.err);
    match(refused.err, /hint: Make a new plan with `rivet plan`/);
    succeeded(await bench.rivet("apply", "plan.json", "--force"));
    deepEqual(await bench.ids("out"), range(1001, 1005), "from the plan's cursor, at least once");
    const journal = succeeded(
      await bench.rivet("journal", "-c", "rivet.yaml", "-e", "orders", "--json"),
    );
    const [last] = JSON.parse(journal.out);
    deepEqual(last.events.find((e: { event: string }) => e.event === "forced").data, {
      gates: ["cursor_drift"],
    });
  }));

Deno.test("PA4: a plan for the cursor that is there runs once", () =>
  onBench(async (bench) => {
    await shop(bench, INCREMENTAL);
    await planned(bench);
    succeeded(await bench.rivet("apply", "plan.json"));
    deepEqual(await bench.ids("out"), range(1, 1000));
    equal((await bench.rivet("apply", "plan.json")).code, 1, "its own run has moved the cursor");
    deepEqual(await bench.ids("out"), range(1, 1000));
  }));

Deno.test("what must not be applied is refused, and nothing is written", () =>
  onBench(async (bench) => {
    await shop(bench, CHUNKED);
    await planned(bench);
    const artifact = await bench.plan();
    const old = { ...artifact, created_at: new Date(Date.now() - 25 * 3_600_000).toISOString() };
    old.integrity = await sealOf(old);
    const edited = { ...artifact, computed: { ...artifact.computed, row_estimate: 1 } };
    const cases: readonly (readonly [unknown, number, RegExp])[] = [
      [edited, 1, /error: the plan of 'orders' was edited.*\nhint: .*also with --force/],
      [old, 1, /error: .*25\.0 h old, and plans expire after 24 h\nhint: .*--force/],
      ["{", 2, /error: plan bad\.json is not JSON.*\nhint: Make a new one/],
    ];
    for (const [value, code, message] of cases) {
      await bench.write("bad.json", typeof value === "string" ? value : JSON.stringify(value));
      const result = await bench.rivet("apply", "bad.json");
      equal(result.code, code, result.err);
      match(result.err, message);
    }
    const forced = await bench.rivet("apply", "bad.json", "--resume", "--json-errors");
    equal(JSON.parse(forced.err).code, "USAGE");
    ok(![...Deno.readDirSync(bench.folder)].some((e) => e.name === "out"));
    await bench.write("old.json", JSON.stringify(old));
    succeeded(await bench.rivet("apply", "old.json", "--force"));
    const journal = succeeded(
      await bench.rivet("journal", "-c", "rivet.yaml", "-e", "orders", "--json"),
    );
    match(journal.out, /"stale_plan"/);
  }));

const CAMPAIGN =
  `# a campaign\n${SOURCE}exports:\n  - name: orders   # keep me\n    table: orders\n` +
  `    source_group: a\n    format: csv\n    destination: {type: local, path: ./out/orders}\n\n` +
  `  - {name: plain, table: plain, format: csv, destination: {type: local, path: ./out/plain}}\n`;

Deno.test("several exports: one file of plans, waves written back in place, apply in their order", () =>
  onBench(async (bench) => {
    await shop(bench, CAMPAIGN);
    await planned(bench, "--no-annotate");
    equal(await Deno.readTextFile(bench.path("rivet.yaml")), CAMPAIGN);
    await planned(bench, "-e", "plain");
    equal(await Deno.readTextFile(bench.path("rivet.yaml")), CAMPAIGN);
    await planned(bench);
    const plans = (await bench.plan()).plans ?? [];
    deepEqual(plans.map((p) => p.export_name), ["orders", "plain"]);
    const written = await Deno.readTextFile(bench.path("rivet.yaml"));
    const wave = (i: number) => plans[i].prioritization.recommended_wave;
    equal(
      written,
      CAMPAIGN.replace("# keep me\n", `# keep me\n    wave: ${wave(0)}\n    parallel_safe: true\n`)
        .replace("{name: plain,", `{name: plain, wave: ${wave(1)}, parallel_safe: true,`),
    );
    const { out, err } = succeeded(await bench.rivet("plan", "-c", "rivet.yaml"));
    match(out, /Campaign {3}:\n {4}• wave \d: /);
    equal(err, "", "nothing to write: the waves are there already");
    equal(await Deno.readTextFile(bench.path("rivet.yaml")), written);
    const applied = succeeded(await bench.rivet("apply", "plan.json", "--json"));
    deepEqual(JSON.parse(applied.out).exports.map((e: { status: string }) => e.status), [
      "success",
      "success",
    ]);
    deepEqual(await bench.ids("out/plain"), range(1, 200));
    succeeded(await bench.rivet("apply", "plan.json", "-e", "orders"));
  }));
