/**
 * The pilot walkthrough from Step 1 to Step 9, its commands run by a shell as they stand on the page, on
 * a PostgreSQL server, each outcome asserted.
 */
import assert, { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Manifest } from "../../core/manifest/manifest.ts";
import type { ReconcileReport } from "../../core/reconcile/reconcile_report.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../support/postgres.ts";
import { queryDuckdb } from "../support/readers.ts";
import { filesWith, type SecretRole, secretRole, textHolds } from "../support/secrets.ts";
import {
  APPLY_CONFIG,
  APPLY_PLAN,
  APPLY_PROCESSES,
  CHECK,
  CRON,
  DISCOVER,
  DRIFT,
  DRIFTED,
  INSPECT_DISCOVERY,
  PILOT_YAML,
  PLAN,
  PLAN_JSON,
  PROGRESSION,
  RECONCILE,
  RECONCILE_JSON,
  REPAIR,
  REPAIR_DRY,
  RUN,
  TABLES,
} from "./pilot_steps.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const ORDERS = "SELECT id, user_id, product, price::numeric(10,2), status, updated_at FROM orders";

interface Shown {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

class Pilot {
  readonly folder: string;
  readonly #database: TestDatabase;
  readonly #role: SecretRole;
  /** Everything that any command printed. */
  readonly printed: string[] = [];

  constructor(folder: string, database: TestDatabase, role: SecretRole) {
    this.folder = folder;
    this.#database = database;
    this.#role = role;
  }

  /** `rivet` for the shell: this program. */
  async install(): Promise<void> {
    const bin = join(this.folder, "bin");
    await Deno.mkdir(bin);
    const script = `#!/bin/sh\nexec "${Deno.execPath()}" run -A --no-check "${MAIN}" "$@"\n`;
    await Deno.writeTextFile(join(bin, "rivet"), script, { mode: 0o755 });
  }

  /** A command line of the page, in bash. */
  async shell(line: string): Promise<Shown> {
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", line],
      cwd: this.folder,
      env: {
        PATH: `${join(this.folder, "bin")}:${Deno.env.get("PATH") ?? ""}`,
        DATABASE_URL: this.#role.url,
        ...{ RIVET_LOG: "", RUST_LOG: "" },
      },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    const shown = { code, out: text.decode(stdout), err: text.decode(stderr) };
    this.printed.push(shown.out, shown.err);
    return shown;
  }

  async succeeds(line: string): Promise<Shown> {
    const shown = await this.shell(line);
    equal(shown.code, 0, `$ ${line}\n${shown.out}\n${shown.err}`);
    return shown;
  }

  /** The page's jq expression over a file, or the same thing said in TypeScript where there is no jq. */
  async jq<T>(line: string, otherwise: () => Promise<T>): Promise<T[]> {
    if ((await this.shell("command -v jq")).code !== 0) return [await otherwise()];
    const { out } = await this.succeeds(line);
    return out.trim() === "" ? [] : JSON.parse(`[${out.trim().replace(/\}\s*\{/g, "},{")}]`);
  }

  async json<T>(file: string): Promise<T> {
    return JSON.parse(await Deno.readTextFile(join(this.folder, file)));
  }

  async read(file: string): Promise<string> {
    return await Deno.readTextFile(join(this.folder, file));
  }

  sql(text: string): Promise<(string | null)[][]> {
    return this.#database.sql(text);
  }

  /** A line of `state progression`: `orders`, `chunked`, `chunk #9`, ... */
  async progression(name: string): Promise<string[]> {
    const { out } = await this.succeeds(PROGRESSION);
    const line = out.split("\n").find((l) => l.startsWith(`${name} `));
    ok(line !== undefined, out);
    return line.trim().split(/ {2,}/);
  }

  /** The parts of the newest manifest of an export that hold its data. */
  async manifest(name: string): Promise<Manifest> {
    const names = await Array.fromAsync(Deno.readDir(join(this.folder, "output")), (e) => e.name);
    const copies = names.filter((n) => new RegExp(`^manifest-${name}_\\d{8}T`).test(n)).sort();
    return await this.json(join("output", copies.at(-1) ?? "none"));
  }

  /** What a reader who follows the manifest sees of `orders`, against the source; each row once. */
  async assertSameAsSource(): Promise<void> {
    const { parts } = await this.manifest("orders");
    const files = parts.filter((p) => p.status === "committed")
      .map((p) => `'${join(this.folder, "output", p.path)}'`);
    const seen = await queryDuckdb(
      `SELECT id::varchar || '|' || price::varchar || '|' || status AS line
       FROM read_parquet([${files.join(", ")}]) ORDER BY id`,
    );
    const wanted = await this.sql(
      `SELECT id || '|' || price || '|' || status FROM (${ORDERS}) o ORDER BY id`,
    );
    deepEqual(seen.map((row) => row.line), wanted.map(([line]) => line));
  }

  async assertNoSecret(): Promise<void> {
    const { password } = this.#role;
    ok(!textHolds(this.printed.join("\n"), password), "a command printed the password");
    deepEqual(await filesWith(this.folder, password), []);
  }
}

async function step1(p: Pilot): Promise<void> {
  for (const line of DISCOVER) await p.succeeds(line);
  const scaffold = await p.read("pilot.yaml");
  for (const table of ["orders", "orders_coalesce"]) {
    match(scaffold, new RegExp(`name: ${table}\\b`));
  }
  interface Inspected {
    readonly table: string;
    readonly coalesce_fallback: string | null;
  }
  const found = (await p.jq<Inspected | Inspected[]>(INSPECT_DISCOVERY, async () => {
    const { tables } = await p.json<
      { tables: { table: string; suggested_cursor_fallback_column: string | null }[] }
    >("discovery.json");
    return tables.map((t) => ({
      table: t.table,
      coalesce_fallback: t.suggested_cursor_fallback_column ?? null,
    }));
  })).flat();
  deepEqual(found.map((t) => t.table).sort(), ["orders", "orders_coalesce"]);
  equal(found.find((t) => t.table === "orders_coalesce")?.coalesce_fallback, "created_at");
}

/** The page's config, and the one line more that finds a changed value. */
async function step2(p: Pilot): Promise<void> {
  const yaml = await Deno.readTextFile(PILOT_YAML);
  const line = /^ +chunk_checkpoint: true.*\n/m;
  match(yaml, line);
  await Deno.writeTextFile(
    join(p.folder, "pilot.yaml"),
    yaml.replace(line, (found) => `${found}    reconcile: checksum\n`),
  );
  const [check, doctor] = CHECK;
  const examined = await p.succeeds(check);
  for (const name of ["orders", "orders_coalesce"]) {
    match(examined.out, new RegExp(`\\b${name}\\b`));
  }
  match((await p.succeeds(doctor)).out, /postgres/i);
}

async function step3(p: Pilot): Promise<void> {
  const { out } = await p.succeeds(PLAN);
  match(out, /Campaign/);
  const yaml = await p.read("pilot.yaml");
  match(yaml, /wave: \d/);
  match(yaml, /# required for reconcile\/repair\/progression/);
  await p.succeeds(PLAN_JSON);
  interface Plan {
    readonly export_name: string;
    readonly computed: { readonly chunk_count: number; readonly cursor_snapshot: string | null };
  }
  const { plans } = await p.json<{ plans: Plan[] }>("plan.json");
  deepEqual(
    plans.map((
      plan,
    ) => [plan.export_name, plan.computed.chunk_count, plan.computed.cursor_snapshot])
      .sort(),
    [["orders", 10, null], ["orders_coalesce", 0, null]],
  );
}

async function step4(p: Pilot): Promise<void> {
  const run = await p.succeeds(RUN);
  match(run.out, /validated: {3}pass/);
  await p.assertSameAsSource();
  // CC5
  const { columns } = await p.manifest("orders_coalesce");
  deepEqual(columns.map((c) => c.name), ["id", "product", "price", "updated_at", "created_at"]);
  await p.succeeds(APPLY_CONFIG);
  await p.succeeds(APPLY_PROCESSES);
  await p.assertSameAsSource();
  // PA4: the runs since have moved the cursor that the plan was made at.
  const stale = await p.shell(APPLY_PLAN);
  equal(stale.code, 1, stale.err);
  match(stale.out + stale.err, /orders_coalesce.*cursor/);
  await p.succeeds(PLAN_JSON);
  await p.succeeds(APPLY_PLAN);
  await p.assertSameAsSource();
}

async function step5(p: Pilot): Promise<void> {
  const orders = await p.progression("orders");
  deepEqual(orders.slice(0, 3), ["orders", "chunked", "chunk #9"]);
  match(orders[3], /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  // PG5: no reconcile has run yet.
  match(orders.slice(3).join(" "), / - +-$/);
  const [, mode, committed] = await p.progression("orders_coalesce");
  const [[last]] = await p.sql(
    "SELECT to_char(max(COALESCE(updated_at, created_at)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')" +
      " FROM orders_coalesce",
  );
  equal(mode, "incremental");
  ok(committed.startsWith(last ?? "?"), `${committed} is not ${last}`);
}

async function step6(p: Pilot): Promise<void> {
  const clean = await p.succeeds(RECONCILE);
  match(clean.out, /matches: {5}10\n {2}mismatches: {2}0\n {2}unknown: {5}0/);
  // RC6
  match((await p.progression("orders")).join(" "), /chunked +chunk #9$/);

  await p.sql(DRIFT);
  const dirty = await p.shell(RECONCILE_JSON);
  equal(dirty.code, 1, dirty.err);
  match(dirty.err, /3 of 10 chunks .* differ from the source/);
  const report = await p.json<ReconcileReport>("reconcile.json");
  const differing = report.partitions.filter((part) => part.status !== "match");
  deepEqual(differing.map((part) => part.identifier), DRIFTED);
  deepEqual(differing.map((part) => part.note?.split(":")[0]), [
    "diff +3",
    "diff -2",
    "checksum differs",
  ]);
  deepEqual([report.summary.mismatches, report.summary.unknown], [3, 0]);
}

async function files(p: Pilot): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(join(p.folder, "output")), (e) => e.name);
  return names.filter((name) => name.endsWith(".parquet")).sort();
}

async function step7(p: Pilot): Promise<void> {
  const before = await files(p);
  const committed = (await p.progression("orders")).slice(0, 4);
  const dry = await p.succeeds(REPAIR_DRY);
  match(dry.out, /actions: {5}3/);
  // RR2
  deepEqual(await files(p), before);
  await p.succeeds(REPAIR);
  // RR5, and just those chunks.
  const added = (await files(p)).filter((name) => !before.includes(name));
  // Two readers finish in any order, perhaps in different seconds.
  const chunks = added.map((name) => Number(/_chunk(\d+)_/.exec(name)?.[1]));
  deepEqual(chunks.sort(), [2, 4, 7]);
  for (const name of before) ok((await files(p)).includes(name), name);
  const manifest = await p.manifest("orders");
  const superseded = manifest.parts.filter((part) => part.status === "superseded");
  deepEqual(superseded.map((part) => part.chunk_index), [2, 4, 7]);
  await p.assertSameAsSource();
  match((await p.succeeds("rivet validate -c pilot.yaml -e orders")).out, /3 superseded/);
  // RR4
  deepEqual((await p.progression("orders")).slice(0, 4), committed);
}

async function step8(p: Pilot): Promise<void> {
  const again = await p.succeeds(RECONCILE);
  match(again.out, /mismatches: {2}0/);
  match((await p.progression("orders")).join(" "), /chunked chunk #9 .* UTC +chunked chunk #9$/);
}

async function step9(p: Pilot): Promise<void> {
  const logs = join(p.folder, "log");
  await Deno.mkdir(logs);
  const script = CRON.replace("/opt/rivet", p.folder).replaceAll("/var/log/rivet", logs)
    .replace(" && export DATABASE_URL='…'", "");
  const hasJq = (await p.shell("command -v jq")).code === 0;
  await p.succeeds(hasJq ? script : script.slice(0, script.indexOf("# Fail the job")));
  const [report] = await Array.fromAsync(Deno.readDir(logs), (e) => e.name);
  match(report, /^reconcile-\d{4}-\d\d-\d\d\.json$/);
  const { summary } = await p.json<ReconcileReport>(join("log", report));
  deepEqual([summary.mismatches, summary.unknown, summary.matches], [0, 0, 10]);
  await p.succeeds(PLAN_JSON);
  await p.succeeds(APPLY_PLAN);
  await p.assertSameAsSource();
}

const STEPS: Readonly<Record<string, (p: Pilot) => Promise<void>>> = {
  "Step 1: discovery": step1,
  "Step 2: a chunked config with a checkpoint": step2,
  "Step 3: plan": step3,
  "Step 4: run, or apply by wave": step4,
  "Step 5: inspect progression": step5,
  "Step 6: reconcile": step6,
  "Step 7: targeted repair": step7,
  "Step 8: verify again": step8,
  "Step 9: automate": step9,
  "no secret in any artifact, log, report, state or error": (p) => p.assertNoSecret(),
};

Deno.test("the pilot walkthrough, step by step", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  await database.sql(TABLES);
  const role = await secretRole(database);
  const folder = await Deno.makeTempDir({ prefix: "rivet-pilot-" });
  try {
    const pilot = new Pilot(folder, database, role);
    await pilot.install();
    for (const [name, run] of Object.entries(STEPS)) {
      const passed = await t.step(name, () => run(pilot));
      // Each step works on what the one before left.
      if (!passed) assert.fail(`stopped at ${name}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
    await role.drop();
    await database.drop();
    await server.stop();
  }
});
