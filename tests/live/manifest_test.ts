/**
 * Manifests, validation and resume through the command line, on a PostgreSQL server: what a run leaves,
 * what `rivet validate` says of it after damage, and what `--resume` makes good again.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import type { Manifest } from "../../core/manifest/manifest.ts";
import type { ExportValidation, ValidationReport } from "../../core/validate/validation_report.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const ROWS = 1000;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Bench {
  readonly folder: string;
  readonly out: string;
  readonly sql: postgres.Sql;
  /** A schema of the test's own. */
  readonly schema: string;
  rivet(...args: string[]): Promise<Result>;
  validate(name: string, ...args: string[]): Promise<ExportValidation>;
  manifest(key?: string): Promise<Manifest>;
  keys(folder?: string): Promise<string[]>;
}

function config(schema: string, url: string): string {
  // The division fails for the row that the poison table names.
  const query = `SELECT o.id, 1 / CASE WHEN o.id = (SELECT max(id) FROM ${schema}.poison)` +
    ` THEN 0 ELSE 1 END AS one FROM ${schema}.orders o`;
  return `
source: { type: postgres, url: "${url}", tls: { mode: disable } }
exports:
  - name: orders
    query: "${query}"
    mode: chunked
    chunk_column: id
    chunk_size: 250
    chunk_checkpoint: true
    format: csv
    destination: { type: local, path: ./out }
  - name: empty
    query: "SELECT id FROM ${schema}.orders WHERE id < 0"
    format: csv
    destination: { type: local, path: ./out }
  - name: strict
    query: "SELECT id FROM ${schema}.orders"
    format: csv
    verify: content
    destination: { type: local, path: ./strict }
`;
}

async function onBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (!url) throw new Error("RIVET_TEST_POSTGRES_URL is not set; run `deno task test`");
  const folder = await Deno.makeTempDir({ prefix: "rivet-manifest-" });
  const schema = `rivet_manifest_${crypto.randomUUID().slice(0, 8)}`;
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(`CREATE SCHEMA ${schema}`);
    await sql.unsafe(
      `CREATE TABLE ${schema}.orders AS SELECT g AS id FROM generate_series(1, ${ROWS}) g`,
    );
    await sql.unsafe(`CREATE TABLE ${schema}.poison (id int)`);
    await Deno.writeTextFile(join(folder, "rivet.yaml"), config(schema, url));
    await body(bench(folder, schema, sql));
  } finally {
    await sql.unsafe(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await sql.end();
    await Deno.remove(folder, { recursive: true });
  }
}

function bench(folder: string, schema: string, sql: postgres.Sql): Bench {
  const out = join(folder, "out");
  const rivet = async (...args: string[]): Promise<Result> => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, ...args, "-c", "rivet.yaml"],
      cwd: folder,
      env: { RIVET_LOG: "", RUST_LOG: "" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  };
  return {
    folder,
    out,
    sql,
    schema,
    rivet,
    async validate(name, ...args) {
      const result = await rivet("validate", "-e", name, "--json", ...args);
      const report: ValidationReport = JSON.parse(result.out);
      equal(result.code, report.summary.failed === 0 ? 0 : 1, result.err);
      return report.exports[0];
    },
    manifest: async (key = "manifest.json") => JSON.parse(await Deno.readTextFile(join(out, key))),
    async keys(below = ".") {
      const names: string[] = [];
      for await (const entry of Deno.readDir(join(out, below))) names.push(entry.name);
      return names.sort();
    },
  };
}

function succeeded(result: Result): Result {
  equal(result.code, 0, `${result.out}\n${result.err}`);
  return result;
}

/** The ids that a reader who follows the manifest sees, in order. */
async function idsOf({ out }: Bench, manifest: Manifest): Promise<number[]> {
  const ids: number[] = [];
  for (const part of manifest.parts.filter((p) => p.status === "committed")) {
    const lines = (await Deno.readTextFile(join(out, part.path))).trimEnd().split(/\r?\n/);
    ids.push(...lines.slice(1).map((line) => Number(line.split(",")[0])));
  }
  return ids.sort((a, b) => a - b);
}

const ALL_IDS = Array.from({ length: ROWS }, (_, i) => i + 1);

Deno.test("M1, M2, M5: a run leaves a manifest that validates, in a shared folder too", () =>
  onBench(async (b) => {
    const run = succeeded(await b.rivet("run", "-e", "orders", "--validate"));
    match(run.out, /validated: {3}pass\n {2}coverage: {4}4 verified: 4 size only/);
    const manifest = await b.manifest();
    deepEqual([manifest.status, manifest.row_count, manifest.part_count], ["success", ROWS, 4]);
    deepEqual(manifest.parts.map((p) => p.chunk_index), [0, 1, 2, 3]);
    deepEqual(await idsOf(b, manifest), ALL_IDS);
    const copy = await Deno.readTextFile(join(b.out, `manifest-${manifest.run_id}.json`));
    equal(copy, await Deno.readTextFile(join(b.out, "manifest.json")));

    succeeded(await b.rivet("run", "-e", "empty", "--validate"));
    deepEqual((await b.manifest()).parts, []);
    const [orders, empty] = [await b.validate("orders"), await b.validate("empty")];
    deepEqual([orders.status, orders.run_id, orders.row_count], ["pass", manifest.run_id, ROWS]);
    deepEqual([empty.status, empty.row_count], ["pass", 0]);
    succeeded(await b.rivet("validate", "-e", "orders", "--prefix", "out"));
  }));

Deno.test("M5: validate names what is missing or differs, and -o writes the report", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run", "-e", "orders"));
    const [first, second] = (await b.manifest()).parts;
    await Deno.remove(join(b.out, first.path));
    await Deno.truncate(join(b.out, second.path), 5);
    const found = await b.validate("orders", "-o", "verdict.json");
    deepEqual(found.findings.map((f) => f.code), ["part_missing", "part_size_differs"]);
    equal(found.coverage, "2 verified: 2 size only; 1 missing; 1 of another size");
    const written: ValidationReport = JSON.parse(
      await Deno.readTextFile(join(b.folder, "verdict.json")),
    );
    deepEqual(written.exports[0].findings, found.findings);
    const text = await b.rivet("validate", "-e", "orders");
    match(text.out, new RegExp(`problem: {5}${first.path} is missing`));
    match(text.err, /did not validate: 'orders'/);
  }));

Deno.test("M5: verify: content reads files back during the run and in validate", () =>
  onBench(async (b) => {
    const run = succeeded(await b.rivet("run", "-e", "strict"));
    match(run.out, /coverage: {4}1 verified: 1 content/);
    const folder = join(b.folder, "strict");
    const manifest: Manifest = JSON.parse(await Deno.readTextFile(join(folder, "manifest.json")));
    const path = join(folder, manifest.parts[0].path);
    const body = await Deno.readFile(path);
    body[body.length - 2] ^= 1;
    await Deno.writeFile(path, body);
    const found = await b.validate("strict");
    deepEqual(found.findings.map((f) => f.code), ["part_content_differs"]);
  }));

Deno.test("M6: a folder without a manifest is checked and labelled", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run", "-e", "orders"));
    for (const key of await b.keys()) {
      if (key.startsWith("manifest")) await Deno.remove(join(b.out, key));
    }
    // A marker that vouches for a manifest which is gone is no good sign.
    const marked = await b.validate("orders");
    deepEqual([marked.status, marked.legacy_run], ["fail", true]);
    ok(marked.findings.some(({ code }) => code === "manifest_missing"));

    await Deno.remove(join(b.out, "_SUCCESS"));
    const found = await b.validate("orders");
    deepEqual([found.status, found.legacy_run], ["pass", true]);
    equal(found.coverage, "4 verified: 4 size only");
    match((await b.rivet("validate", "-e", "orders")).out, /legacy_run: {2}true/);
  }));

Deno.test("M8: --resume of a complete run is refused; --force makes good what is gone", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run", "-e", "orders"));
    const before = await b.manifest();
    const refused = await b.rivet("run", "-e", "orders", "--resume", "--json-errors");
    equal(refused.code, 1);
    equal(JSON.parse(refused.err.trim().split("\n").at(-1) ?? "").code, "ALREADY_COMPLETE");

    await Deno.remove(join(b.out, before.parts[1].path));
    await Deno.truncate(join(b.out, before.parts[2].path), 5);
    const force = ["run", "-e", "orders", "--resume", "--force", "--validate"];
    succeeded(await b.rivet(...force));
    const after = await b.manifest();
    equal(after.run_id, before.run_id);
    deepEqual(await idsOf(b, after), ALL_IDS);
    deepEqual(
      after.parts.map((p) => [p.chunk_index, p.status]),
      [[0, "committed"], [1, "committed"], [2, "quarantined"], [2, "committed"], [3, "committed"]],
    );
    deepEqual(await b.keys(`_quarantine/${after.run_id}`), ["_SUCCESS", before.parts[2].path]);
    const found = await b.validate("orders");
    deepEqual([found.status, found.quarantined, found.row_count], ["pass", 1, ROWS]);
  }));

Deno.test("M8, M9: a failed run is resumed to one whole dataset, each row once", () =>
  onBench(async (b) => {
    await b.sql.unsafe(`INSERT INTO ${b.schema}.poison VALUES (900)`);
    equal((await b.rivet("run", "-e", "orders")).code, 1);
    const failed = await b.manifest();
    equal(failed.status, "failed");
    equal((await b.keys()).includes("_SUCCESS"), false);
    equal((await b.validate("orders")).findings[0].code, "run_not_successful");

    // A process that was killed after it wrote a part and before it said so.
    const [first] = failed.parts;
    const orphan = first.path.replace(/_chunk\d+/, "_chunk3");
    await Deno.copyFile(join(b.out, first.path), join(b.out, orphan));
    await Deno.remove(join(b.out, first.path));
    await Deno.writeTextFile(join(b.out, "orders_by_hand.csv"), "mine");
    await b.sql.unsafe(`DELETE FROM ${b.schema}.poison`);
    succeeded(await b.rivet("run", "-e", "orders", "--resume", "--validate"));
    const manifest = await b.manifest();
    deepEqual([manifest.run_id, manifest.status], [failed.run_id, "success"]);
    equal(manifest.started_at, failed.started_at);
    deepEqual(await idsOf(b, manifest), ALL_IDS);
    deepEqual(await b.keys(`_quarantine/${manifest.run_id}`), [orphan]);
    equal((await b.keys()).includes("orders_by_hand.csv"), true);
    equal((await b.validate("orders")).status, "pass");
  }));

Deno.test("a failed run leaves the last complete one in place", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run", "-e", "orders"));
    const good = await b.manifest();
    await b.sql.unsafe(`INSERT INTO ${b.schema}.poison VALUES (900)`);
    equal((await b.rivet("run", "-e", "orders")).code, 1);
    deepEqual(await b.manifest(), good);
    const found = await b.validate("orders");
    deepEqual([found.status, found.run_id], ["pass", good.run_id]);
    match(found.warnings[0], /did not succeed/);
  }));

Deno.test("validate refuses what makes no sense before it looks", () =>
  onBench(async (b) => {
    const cases = [
      ["--date", "2026-02-30"],
      ["--date", "2026-02-01", "--prefix", "out"],
      ["--run-id", "nobody_20260101T000000.000"],
      ["-e", "ordres"],
    ];
    for (const args of cases) equal((await b.rivet("validate", ...args)).code, 2, args.join(" "));
  }));
