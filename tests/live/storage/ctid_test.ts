/** `chunk_by: ctid`, and `mode: full` with several readers of a table without a key. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import { type CliResult, rivet } from "../../support/rivet.ts";
import {
  type Pipeline,
  type TestSource,
  withPipeline,
  withSource,
} from "../../support/pipeline.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";

const HAS_SESSIONS = await serverHasSessions();

async function hasBlockRanges(source: TestSource): Promise<boolean> {
  const [[version]] = await source.sql("SHOW server_version_num");
  return Number(version) >= 140_000;
}

/** On servers that scan ranges of blocks; what the others say has a test of its own. */
function ctidTest(name: string, work: (source: TestSource) => Promise<void>): void {
  onSessions(HAS_SESSIONS, name, () =>
    Deno.test(name, () =>
      withSource(async (source) => {
        if (await hasBlockRanges(source)) await work(source);
      })));
}

const ROWS = 400;

/** Rows of some hundred bytes without a key: about 15 to a block. Every change is logged with its transaction. */
const HEAP = `
  CREATE TABLE heap (label int NOT NULL, version int NOT NULL, pad text NOT NULL) {how};
  {parts}
  INSERT INTO heap SELECT i, 0, repeat('x', 400) FROM generate_series(1, ${ROWS}) i;
  CREATE TABLE changes (
    seq bigserial PRIMARY KEY, tx bigint NOT NULL DEFAULT txid_current(), label int, version int
  );
  INSERT INTO changes (label, version) SELECT label, version FROM heap;
  ANALYZE heap;`;

const SHAPES = {
  "a plain table": HEAP.replace("{how}", "").replace("{parts}", ""),
  "a partitioned table": HEAP.replace("{how}", "PARTITION BY RANGE (label)").replace(
    "{parts}",
    `CREATE TABLE heap_a PARTITION OF heap FOR VALUES FROM (0) TO (100);
     CREATE TABLE heap_b PARTITION OF heap FOR VALUES FROM (100) TO (350);
     CREATE TABLE heap_rest PARTITION OF heap DEFAULT;`,
  ),
  "a table that others inherit from": HEAP.replace("{how}", "").replace(
    "{parts}",
    "CREATE TABLE heap_child () INHERITS (heap); INSERT INTO heap_child VALUES (0, 0, 'child');",
  ),
};

/** What the snapshot that the manifest names saw: every label once, unless it was deleted. */
async function stateAt(source: TestSource, point: string): Promise<string[]> {
  const rows = await source.sql(`
    SELECT label || ',' || version FROM (
      SELECT DISTINCT ON (label) label, version FROM changes
      WHERE txid_visible_in_snapshot(tx, '${point.split(" ")[1]}') ORDER BY label, seq DESC
    ) last WHERE version >= 0`);
  return rows.map(([row]) => row ?? "").sort();
}

async function exported(pipeline: Pipeline): Promise<string[]> {
  return (await pipeline.rows("heap")).map(([label, version]) => `${label},${version}`).sort();
}

/** Updates, deletes and inserts rows anywhere, so that they move between blocks, until `stop`. */
async function changeRows(source: TestSource, jumps: readonly number[], stop: () => boolean) {
  const sql = source.session();
  for (let i = 1; !stop(); i++) {
    const label = 1 + (i * 7919 + jumps[i % jumps.length]) % ROWS;
    await sql.unsafe(
      i % 5 === 0
        ? `WITH gone AS (DELETE FROM heap WHERE label = ${label} RETURNING label)
           INSERT INTO changes (label, version) SELECT label, -1 FROM gone`
        : i % 5 === 1
        ? `WITH come AS (INSERT INTO heap SELECT ${label}, ${i}, repeat('y', 300)
             WHERE NOT EXISTS (SELECT 1 FROM heap WHERE label = ${label}) RETURNING label, version)
           INSERT INTO changes (label, version) SELECT label, version FROM come`
        : `WITH moved AS (UPDATE heap SET version = ${i}, pad = repeat('z', ${100 + i % 900})
             WHERE label = ${label} RETURNING label, version)
           INSERT INTO changes (label, version) SELECT label, version FROM moved`,
    );
    if (i % 40 === 0) await sql.unsafe("VACUUM heap");
  }
}

const SETTINGS = {
  "chunk_by: ctid": { mode: "chunked", chunk_by: "ctid", chunk_size: 40, consistency: "snapshot" },
  "mode: full, parallel: 3": { mode: "full", consistency: undefined },
};

for (const [how, settings] of Object.entries(SETTINGS)) {
  for (const [shape, tables] of Object.entries(SHAPES)) {
    ctidTest(`ctid: ${how} of ${shape} is one point in time while rows move`, async (source) => {
      const moves = fc.array(fc.nat(10_000), { minLength: 2, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(moves, async (jumps) => {
          await source.sql(
            `DROP TABLE IF EXISTS heap CASCADE; DROP TABLE IF EXISTS changes; ${tables}`,
          );
          if (shape.includes("inherit")) {
            await source.sql("INSERT INTO changes (label, version) VALUES (0, 0)");
          }
          const entry = {
            ...{ name: "heap", table: "heap", parallel: 3, ...settings },
            tuning: { profile: "fast", max_retries: 0, batch_size: 50, throttle_ms: 2 },
          };
          await withPipeline(source, [entry], async (pipeline) => {
            let done = false;
            const writer = changeRows(source, jumps, () => done);
            const run = await pipeline.run({ reconcile: true }).finally(() => done = true);
            await writer;
            assert.deepEqual(
              [run.exports[0].error?.message, run.exports[0].reconciled],
              [undefined, true],
            );
            const point = (await pipeline.manifest("heap")).snapshot as string;
            assert.deepEqual(await exported(pipeline), await stateAt(source, point));
          });
        }),
        { numRuns: 1, endOnFailure: true },
      );
    });
  }
}

const CHUNKED = {
  ...{ name: "heap", table: "heap", mode: "chunked", chunk_by: "ctid", chunk_size: 100 },
  tuning: { profile: "fast", max_retries: 0 },
};

const REWRITTEN = {
  "under a snapshot": { consistency: "snapshot" },
  "accepted without a snapshot": { consistency: "statement" },
  "mode: full": { mode: "full", chunk_by: undefined, chunk_size: undefined, parallel: 2 },
};

/** How often the blocks are looked at: to plan (twice where they are also asked for), at the start, at the end. */
const LOOKS: Readonly<Record<string, number>> = {
  "under a snapshot": 4,
  "accepted without a snapshot": 4,
  "mode: full": 3,
};

for (const [how, fields] of Object.entries(REWRITTEN)) {
  ctidTest(
    `ctid: ${how}, a rewrite of the table meanwhile fails the run by name`,
    async (source) => {
      await source.sql(SHAPES["a plain table"]);
      // VACUUM FULL packs the rows of a table that lost its first half: every row lies elsewhere then.
      await source.sql("DELETE FROM heap WHERE label <= 200");
      await withPipeline(source, [{ ...CHUNKED, ...fields }], async (pipeline) => {
        let looks = 0;
        const run = await pipeline.run({}, (inner) =>
          new Proxy(inner, {
            get(object, key) {
              const value = Reflect.get(object, key, object);
              const bound = typeof value === "function" ? value.bind(object) : value;
              if (key !== "tableBlocks") return bound;
              // Asked for the plan, before the first chunk is read, and after the last one.
              return async (table: string) => {
                if (++looks === LOOKS[how]) await source.sql("VACUUM FULL heap");
                return await object.tableBlocks?.(table);
              };
            },
          }));
        assert.equal(looks, LOOKS[how]);
        assert.equal(run.exports[0].error?.code, "STORAGE_CHANGED", run.exports[0].error?.message);
        assert.match(run.exports[0].error?.message ?? "", /'heap' was rewritten or emptied/);
      });
    },
  );
}

ctidTest("ctid: every chunk is a Tid Range Scan, in check, plan, apply and run", async (source) => {
  await source.sql(SHAPES["a plain table"]);
  const entries = [
    { ...CHUNKED, consistency: "snapshot" },
    { name: "full", table: "heap", mode: "full", parallel: 2 },
  ];
  await withPipeline(source, entries, async ({ dir }) => {
    const config = JSON.parse(await Deno.readTextFile(join(dir, "rivet.yaml")));
    config.source = { type: "postgres", url_env: "HEAP_URL", tls: { mode: "disable" } };
    await Deno.writeTextFile(join(dir, "rivet.yaml"), JSON.stringify(config));
    const run = (...args: string[]): Promise<CliResult> =>
      rivet(args, { cwd: dir, env: { HEAP_URL: source.url } });
    const check = await run("check", "-c", "rivet.yaml", "--json");
    assert.equal(check.code, 0, check.stderr);
    assert.equal(check.stdout.match(/Tid Range Scan on heap/g)?.length, 2, check.stdout);
    const plan = ["plan", "-c", "rivet.yaml", "--format", "json", "-o", "plan.json"];
    const planned = await run(...plan, "--no-annotate");
    assert.equal(planned.code, 0, planned.stderr);
    const { plans } = JSON.parse(await Deno.readTextFile(join(dir, "plan.json")));
    assert.equal(plans[0].computed.chunk_count, 4);
    assert.equal(plans[1].computed.chunk_count, 2);
    // The table grows, moves and shrinks before the plan is applied: its ranges are open on the outside.
    await source.sql(`
      INSERT INTO heap SELECT i, 0, repeat('n', 400) FROM generate_series(1001, 1300) i;
      UPDATE heap SET version = 1 WHERE label % 3 = 0;
      DELETE FROM heap WHERE label < 50`);
    const [[rows]] = await source.sql("SELECT count(*) FROM heap");
    const applied = await run("apply", "plan.json");
    assert.equal(applied.code, 0, applied.stderr);
    for (const name of ["heap", "full"]) {
      const manifest = JSON.parse(await Deno.readTextFile(join(dir, name, "manifest.json")));
      assert.equal(manifest.row_count, Number(rows), name);
      assert.equal(typeof manifest.snapshot, "string");
    }
  });
});

const REFUSED: readonly (readonly [string, string, Record<string, unknown>, RegExp])[] = [
  ["a view", "CREATE VIEW heap AS SELECT 1 AS label", {}, /'heap' is a view/],
  [
    "a foreign partition",
    `CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
     CREATE TABLE heap (label int) PARTITION BY LIST (label);
     CREATE FOREIGN TABLE heap_f PARTITION OF heap FOR VALUES IN (1) SERVER files
       OPTIONS (filename '/dev/null', format 'csv')`,
    {},
    /'heap_f' is a foreign table/,
  ],
];

for (const [what, tables, fields, message] of REFUSED) {
  ctidTest(`ctid: refused for ${what}, and one reader for mode: full`, async (source) => {
    await source.sql(tables);
    const entries = [
      { ...CHUNKED, consistency: "snapshot", ...fields },
      { name: "full", table: "heap", mode: "full", parallel: 2 },
    ];
    await withPipeline(source, entries, async (pipeline) => {
      const [chunked, full] = (await pipeline.run()).exports;
      assert.equal(chunked.error?.code, "CONFIG_INVALID");
      assert.match(chunked.error?.message ?? "", message);
      assert.equal(full.error?.message, undefined);
      assert.ok(pipeline.warnings.some((text) => message.test(text) && /one reader/.test(text)));
    });
  });
}

ctidTest(
  "ctid: mode: full with consistency: statement written out keeps one reader",
  async (source) => {
    await source.sql(SHAPES["a plain table"]);
    const entry = {
      name: "heap",
      table: "heap",
      mode: "full",
      parallel: 2,
      consistency: "statement",
    };
    await withPipeline(source, [entry], async (pipeline) => {
      const run = await pipeline.run();
      assert.equal(run.exports[0].rows, ROWS);
      assert.equal((await pipeline.manifest("heap")).snapshot, undefined);
      assert.ok(pipeline.warnings.some((text) => /consistency other than statement/.test(text)));
    });
  },
);

ctidTest("ctid: --resume, reconcile and repair are refused with the reason", async (source) => {
  await source.sql(SHAPES["a plain table"]);
  await withPipeline(source, [{ ...CHUNKED, consistency: "snapshot" }], async ({ dir }) => {
    const said = async (...args: string[]) => {
      const { code, stderr } = await rivet([...args, "-c", "rivet.yaml", "-e", "heap"], {
        cwd: dir,
      });
      assert.notEqual(code, 0);
      return stderr;
    };
    assert.match(await said("run", "--resume"), /chunk_by: ctid cannot have/);
    assert.match(await said("reconcile"), /cut by ctid: its rows have moved to other blocks/);
    assert.match(await said("repair"), /cut by ctid: its rows have moved to other blocks/);
  });
});
