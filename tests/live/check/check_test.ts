import assert from "node:assert/strict";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { type CliResult, rivet, withConfig } from "../../support/rivet.ts";

const TABLES = `
  CREATE TABLE orders (id bigint PRIMARY KEY, price numeric NOT NULL, span int4range,
    exact numeric(50,10), at timestamptz NOT NULL);
  INSERT INTO orders SELECT i, 1.5, NULL, i, '2025-01-01'::timestamptz + i * interval '1 minute'
    FROM generate_series(1, 50000) i;
  CREATE INDEX orders_at ON orders (at);
  CREATE TABLE events (id bigint, kind text, at timestamptz);
  INSERT INTO events SELECT i, 'kind', '2025-01-01' FROM generate_series(1, 120000) i;
  CREATE TABLE sparse (id bigint PRIMARY KEY, label text);
  INSERT INTO sparse SELECT i::bigint * 1000000, 'label' FROM generate_series(1, 2000) i;
  CREATE TABLE mixed (id bigint PRIMARY KEY, n bigint NOT NULL, pad text);
  INSERT INTO mixed SELECT i, (i * 7919) % 110017, repeat('x', 400) FROM generate_series(1, 110000) i;
  CREATE INDEX mixed_n ON mixed (n);
  ANALYZE`;

const CONFIG = (url: string) => `
source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - {name: whole, query: "SELECT id, kind FROM events", destination: {type: local, path: ./out}}
  - {name: moving, query: "SELECT id, at FROM orders", mode: incremental, cursor_column: at, destination: {type: local, path: ./out}}
  - {name: cut, table: sparse, mode: chunked, parallel: 4, destination: {type: local, path: ./out}}
  - {name: unindexed, query: "SELECT id, kind FROM events", mode: chunked, chunk_column: id, destination: {type: local, path: ./out}}
  - {name: numbered, query: "SELECT id, kind FROM events", mode: chunked, chunk_column: id, chunk_dense: true, destination: {type: local, path: ./out}}
  - {name: recent, query: "SELECT id, at FROM orders", mode: time_window, time_column: at, days_window: 7, destination: {type: local, path: ./out}}
  - {name: readers, query: "SELECT id, at FROM orders", destination: {type: local, path: ./out}}
`;

const BROKEN = (url: string) => `
source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - {name: types, table: orders, destination: {type: local, path: ./out}}
  - {name: good, table: sparse, destination: {type: local, path: ./out}}
  - {name: typo, table: sparce, destination: {type: local, path: ./out}}
`;

async function withDatabase(body: (database: TestDatabase) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await database.sql(TABLES);
      await body(database);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
}

function check(cwd: string, ...args: string[]): Promise<CliResult> {
  return rivet(["check", "-c", "rivet.yaml", ...args], { cwd, env: { RIVET_LOG: "error" } });
}

function lines(stdout: string): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("check: strategies, scans, verdicts and advice of every mode", () =>
  withDatabase((database) =>
    withConfig(CONFIG(database.url), async (dir) => {
      const { code, stdout, stderr } = await check(dir, "--json");
      assert.equal(code, 0, stderr);
      const shown = Object.fromEntries(
        lines(stdout).map((e) => [
          e.export_name,
          [e.strategy, e.scan_type, e.verdict, e.recommended_profile, e.recommended_parallel],
        ]),
      );
      assert.deepEqual(shown, {
        whole: ["full-scan", "Seq Scan on events", "DEGRADED", "balanced", 1],
        moving: ["incremental(at)", "Index Scan using orders_at", "EFFICIENT", "fast", 1],
        cut: [
          "chunked-parallel(id, size=100000, p=4)",
          "Index Scan using sparse_pkey",
          "EFFICIENT",
          "fast",
          1,
        ],
        unindexed: [
          "chunked(id, size=100000)",
          "Seq Scan on events, then a sort",
          "DEGRADED",
          "balanced",
          1,
        ],
        numbered: [
          "chunked(id, size=100000)",
          "Seq Scan on events, then a sort",
          "DEGRADED",
          "balanced",
          1,
        ],
        recent: [
          "time-window(at, 7d)",
          "Index Scan using orders_at",
          "EFFICIENT",
          "fast",
          1,
        ],
        readers: ["full-scan", "Seq Scan on orders", "DEGRADED", "fast", 1],
      });
      const by = (name: string) => lines(stdout).find((e) => e.export_name === name);
      assert.deepEqual(by("moving")?.cursor_range, [
        "2025-01-01 00:01:00+00",
        "2025-02-04 17:20:00+00",
      ]);
      assert.deepEqual(by("cut")?.cursor_range, ["1000000", "2000000000"]);
      assert.match(String(by("cut")?.warnings), /^sparse id range: <1% fill/);
      assert.match(String(by("numbered")?.warnings), /ROW_NUMBER\(\) orders the whole column once/);
      assert.match(String(by("whole")?.suggestion), /cursor column and switch to incremental/);
      assert.match(String(by("unindexed")?.suggestion), /index the chunk column/);
      assert.equal(by("unindexed")?.cursor_range, null);
    })
  ));

Deno.test("check: no table is scanned", () =>
  withDatabase(async (database) => {
    const scans = async () => {
      await database.sql("SELECT pg_stat_force_next_flush()");
      const [row] = await database.sql(`SELECT pg_stat_clear_snapshot(),
        sum(seq_scan), sum(seq_tup_read), sum(idx_tup_fetch) FROM pg_stat_user_tables`);
      return row.slice(1).map(Number);
    };
    await withConfig(CONFIG(database.url), async (dir) => {
      const [scansBefore, rowsBefore, fetchedBefore] = await scans();
      const { code, stderr } = await check(dir, "--type-report");
      assert.equal(code, 0, stderr);
      const [scansAfter, rowsAfter, fetchedAfter] = await scans();
      assert.deepEqual([scansAfter, rowsAfter], [scansBefore, rowsBefore]);
      // Both ends of the two indexes that have a range; the planner looks at ends of its own accord, too.
      assert.ok(fetchedAfter - fetchedBefore <= 10, `${fetchedAfter - fetchedBefore} rows`);
      // The counters do count: a run is seen.
      const run = await rivet(["run", "-c", "rivet.yaml", "-e", "whole", "-q"], { cwd: dir });
      assert.equal(run.code, 0, run.stderr);
      assert.equal((await scans())[1], rowsBefore + 120_000);
    });
  }));

Deno.test("check: an export that would fail is named, and the others are examined", () =>
  withDatabase((database) =>
    withConfig(BROKEN(database.url), async (dir) => {
      const { code, stdout, stderr } = await check(dir);
      assert.equal(code, 1);
      assert.match(stderr, /^error: 2 of 3 exports would fail: 'types', 'typo'$/m);
      assert.match(
        stdout,
        /Export: types\n {2}Mode: +full\n {2}Error: +2 columns cannot be exported/,
      );
      assert.match(stdout, /Export: good\n {2}Strategy: +full-scan/);
      assert.match(stdout, /Hint: +Did you mean public\.sparse\?/);
    })
  ));

Deno.test("check: the type report lists what cannot be read, and --strict fails on it", () =>
  withDatabase((database) =>
    withConfig(BROKEN(database.url), async (dir) => {
      const report = await check(dir, "-e", "types", "--type-report");
      assert.equal(report.code, 1, "a run would fail");
      assert.match(report.stdout, /^ {2}price +numeric +- +- +unsupported +FAIL$/m);
      assert.match(
        report.stdout,
        /price: has no precision and scale; set columns: \{ "price": "decimal/,
      );

      const strict = await check(dir, "-e", "types", "--strict", "--target", "snowflake", "--json");
      assert.equal(strict.code, 1);
      assert.match(strict.stderr, /columns: types\.price, types\.span, types\.exact$/m);
      const [{ columns }] = lines(strict.stdout) as { columns: Record<string, unknown>[] }[];
      assert.deepEqual(columns.find((c) => c.column === "exact"), {
        column: "exact",
        source_type: "numeric(50,10)",
        rivet_type: "decimal(50,10)",
        arrow_type: "Decimal256(50, 10)",
        nullable: true,
        fidelity: "exact",
        target_type: null,
        target_status: "unsupported",
        note: "more than 38 digits",
        status: "fail",
      });
      const good = await check(dir, "-e", "good", "--strict", "--target", "bigquery");
      assert.equal(good.code, 0, good.stderr);
      assert.match(good.stdout, /^Export: good {2}\[target: bigquery\]$/m);
    })
  ));

const MIXED = (url: string) => `
source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - {name: stepwise, query: "SELECT id, n FROM mixed", mode: incremental, cursor_column: n, destination: {type: local, path: ./out}}
  - {name: chunks, query: "SELECT id, n FROM mixed", mode: chunked, chunk_column: n, chunk_size: 150000, destination: {type: local, path: ./out}}
  - {name: small_chunks, query: "SELECT id, n FROM mixed", mode: chunked, chunk_column: n, chunk_size: 500, destination: {type: local, path: ./out}}
`;

Deno.test("check: the plan is that of the statement as it is sent, and of what it reads", () =>
  withDatabase((database) =>
    withConfig(MIXED(database.url), async (dir) => {
      const { code, stdout, stderr } = await check(dir, "--json");
      assert.equal(code, 0, stderr);
      const [stepwise, chunks, small] = lines(stdout);
      const shown = (e: Record<string, unknown>) => [e.scan_type, e.verdict, e.indexed];
      // The first run reads everything, and a sort of it is cheaper than its index.
      const whole = ["Seq Scan on mixed, then a sort", "DEGRADED", true];
      assert.deepEqual([shown(stepwise), shown(chunks)], [whole, whole]);
      assert.match(
        String(chunks.suggestion),
        /^the planner prefers a full table scan to the index/,
      );
      assert.match(String(small.scan_type), /Index Scan (using|on) mixed_n|Bitmap Index Scan/);
      assert.equal(small.verdict, "EFFICIENT");
      const set = ["state", "set", "-c", "rivet.yaml", "-e", "stepwise", "--cursor", "109000"];
      assert.equal((await rivet(set, { cwd: dir })).code, 0);
      // What the next run reads are the rows behind its cursor.
      const [behind] = lines((await check(dir, "-e", "stepwise", "--json")).stdout);
      assert.match(String(behind.scan_type), /Index Scan/);
      assert.deepEqual([behind.verdict, behind.indexed], ["EFFICIENT", true]);
    })
  ));

const SIZED = (url: string) => `
source: {type: postgres, url: "${url}", tls: {mode: disable}, environment: production}
exports:
  - {name: sized, table: sparse, mode: chunked, chunk_by_key: true, chunk_size_memory_mb: 1, tuning: {profile: fast}, destination: {type: local, path: ./out}}
  - {name: viewed, table: looks, mode: chunked, chunk_column: id, chunk_size_memory_mb: 1, destination: {type: local, path: ./out}}
`;

Deno.test("check: what chunk_size_memory_mb comes to, and the profile that environment chooses", () =>
  withDatabase(async (database) => {
    await database.sql("CREATE VIEW looks AS SELECT id, at FROM orders");
    await withConfig(SIZED(database.url), async (dir) => {
      const args = ["check", "-c", "rivet.yaml", "--json"];
      const { code, stdout, stderr } = await rivet(args, { cwd: dir });
      assert.equal(code, 0, stderr);
      const [sized, viewed] = lines(stdout);
      const [[bytes]] = await database.sql("SELECT pg_relation_size('sparse')");
      const fits = Math.floor(1024 * 1024 / Math.round(Number(bytes) / 2000));
      assert.equal(sized.strategy, `chunked(id, size=${fits})`);
      assert.equal(viewed.strategy, "chunked(id, size=2048)");
      assert.match(stderr, /WARN .*'viewed': .*how wide a row of 'looks' is.*512 bytes/);
      assert.equal(stderr.match(/how wide a row/g)?.length, 1, stderr);
      const profile = (e: Record<string, unknown>) => [e.profile, e.profile_from, e.environment];
      assert.deepEqual(profile(sized), ["fast", "export", "production"]);
      assert.deepEqual(profile(viewed), ["safe", "environment", "production"]);
    });
  }));

Deno.test("check: a source out of reach is one error, exit 1", () =>
  withConfig(CONFIG("postgres://rivet@127.0.0.1:1/x"), async (dir) => {
    const { code, stdout, stderr } = await check(dir, "--json-errors");
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(JSON.parse(stderr).code, "SOURCE_UNREACHABLE");
  }));
