/** `chunk_by: partitions` of PostgreSQL: nested, default, foreign, attached in another order of columns. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { onPostgresSessions, type TestDatabase } from "../../support/postgres.ts";
import { withPipeline } from "../../support/pipeline.ts";
import { onBench, type PartitionServer, refusedAfter, wholeLife } from "./partition_cases.ts";

const NESTED = `
  DROP TABLE IF EXISTS parts CASCADE; DROP TABLE IF EXISTS other, "odd.na""me" CASCADE;
  CREATE TABLE parts (id int NOT NULL, note text) PARTITION BY RANGE (id);
  CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (100);
  CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (100) TO (200) PARTITION BY LIST (id);
  CREATE TABLE parts_b_some PARTITION OF parts_b FOR VALUES IN (101, 102);
  CREATE TABLE parts_b_rest PARTITION OF parts_b DEFAULT;
  CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
  CREATE TABLE "odd.na""me" (gone int, note text, id int NOT NULL);
  ALTER TABLE "odd.na""me" DROP COLUMN gone;
  ALTER TABLE parts ATTACH PARTITION "odd.na""me" FOR VALUES FROM (200) TO (300);
  INSERT INTO parts SELECT i, 'n' || i FROM generate_series(0, 350, 2) i;
  INSERT INTO parts VALUES (101, NULL);`;

const IDS = [...Array.from({ length: 176 }, (_, i) => 2 * i), 101].sort((a, b) => a - b);

function test(
  name: string,
  work: (server: PartitionServer & TestDatabase, t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test(`partitions: PostgreSQL: ${name}`, (t) =>
    onPostgresSessions(async (db) => {
      await db.sql(NESTED);
      await work({ type: "postgres", ...db }, t);
    }));
}

test("nested ones, defaults, other orders of columns", async (server, t) => {
  await wholeLife(t, server, IDS, 5);
});

test("foreign ones are read as others are", async (server) => {
  const csv = await Deno.makeTempFile({ suffix: ".csv" });
  await Deno.writeTextFile(csv, "1001,f1\n1003,f2\n");
  await Deno.chmod(csv, 0o644);
  try {
    await server.sql(`CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
      CREATE FOREIGN TABLE parts_far PARTITION OF parts FOR VALUES FROM (1000) TO (1100)
        SERVER files OPTIONS (filename '${csv}', format 'csv')`);
    await onBench(server, "", async (bench) => {
      const run = await bench.run("run", "-c", "rivet.yaml", "--reconcile");
      assert.equal(run.code, 0, run.stderr);
      assert.deepEqual(await bench.ids(), [...IDS, 1001, 1003]);
    });
  } finally {
    await Deno.remove(csv);
  }
});

const CHANGES: readonly (readonly [string, string, RegExp])[] = [
  [
    "attached",
    "CREATE TABLE parts_new PARTITION OF parts FOR VALUES FROM (500) TO (600)",
    /'public\.parts_new' is new/,
  ],
  ["detached", "ALTER TABLE parts DETACH PARTITION parts_a", /'public\.parts_a' is gone/],
  ["dropped", "DROP TABLE parts_b_some", /'public\.parts_b_some' is gone/],
  [
    "replaced by another of its name",
    `ALTER TABLE parts DETACH PARTITION parts_a; ALTER TABLE parts_a RENAME TO other;
     CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (100)`,
    /'public\.parts_a' is gone or another; 'public\.parts_a' is new/,
  ],
];

for (const [what, change, message] of CHANGES) {
  test(`one is ${what} between plan and apply`, async (server) => {
    await refusedAfter(server, change, message);
  });
}

test("one is attached while a checkpointed run rests", async (server) => {
  await onBench(server, "chunk_checkpoint: true", async (bench) => {
    const broken = await bench.runHere(() => Promise.reject(new Error("pulled the plug")));
    assert.equal(broken.exports[0].status, "failed");
    await server.sql("CREATE TABLE parts_new PARTITION OF parts FOR VALUES FROM (500) TO (600)");
    const resumed = await bench.run("run", "-c", "rivet.yaml", "--resume", "--json-errors");
    assert.equal(resumed.code, 1);
    assert.match(resumed.stdout + resumed.stderr, /'public\.parts_new' is new/);
  });
});

test("one that is swapped while the run goes on fails it", async (server) => {
  await onBench(server, "", async (bench) => {
    const run = await bench.runHere(() =>
      server.sql(`ALTER TABLE parts DETACH PARTITION parts_rest;
        ALTER TABLE parts_rest RENAME TO other; CREATE TABLE parts_rest PARTITION OF parts DEFAULT`)
    );
    assert.equal(run.exports[0].error?.code, "STORAGE_CHANGED");
    assert.match(run.exports[0].error?.message ?? "", /'public\.parts_rest' is gone or another/);
  });
});

test("one that comes while the run goes on is said", async (server) => {
  await onBench(server, "", async (bench) => {
    const run = await bench.runHere(() =>
      server.sql("CREATE TABLE parts_new PARTITION OF parts FOR VALUES FROM (500) TO (600)")
    );
    assert.equal(run.exports[0].error?.message, undefined);
    const journal = await bench.run("journal", "-c", "rivet.yaml", "-e", "parts", "--json");
    assert.match(journal.stdout, /partitions_added[^}]*public\.parts_new/, journal.stderr);
  });
});

test("under a snapshot, one that is taken away fails the run", async (server) => {
  await onBench(server, "consistency: snapshot", async (bench) => {
    const dropped = await bench.runHere(() => server.sql("DROP TABLE parts_rest"));
    assert.equal(dropped.exports[0].error?.code, "SOURCE_OBJECT_NOT_FOUND");
    const swapped = await bench.runHere(() =>
      server.sql(`ALTER TABLE parts DETACH PARTITION parts_a; ALTER TABLE parts_a RENAME TO other;
        CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (100)`)
    );
    assert.equal(swapped.exports[0].error?.code, "STORAGE_CHANGED");
  });
});

test("what cannot be cut by partitions is refused with the reason", async (server) => {
  const said = async (message: RegExp) => {
    await onBench(server, "", async (bench) => {
      const run = await bench.runHere();
      assert.equal(run.exports[0].error?.code, "CONFIG_INVALID");
      assert.match(run.exports[0].error?.message ?? "", message);
    });
  };
  await server.sql(
    `ALTER TABLE parts ENABLE ROW LEVEL SECURITY; ALTER TABLE parts FORCE ROW LEVEL SECURITY;
    CREATE ROLE parts_reader LOGIN PASSWORD 'x'; GRANT SELECT ON parts TO parts_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO parts_reader`,
  );
  const url = new URL(server.url);
  url.username = "parts_reader";
  url.password = "x";
  try {
    const saidTo = (message: RegExp) =>
      onBench({ ...server, url: url.href }, "", async (bench) => {
        const run = await bench.runHere();
        assert.match(run.exports[0].error?.message ?? "", message);
      });
    await saidTo(/row-level security|row security/);
    await server.sql(
      `ALTER TABLE parts DISABLE ROW LEVEL SECURITY; REVOKE SELECT ON parts_b_some FROM parts_reader`,
    );
    await saidTo(/may not SELECT from its partition 'public\.parts_b_some'/);
  } finally {
    await server.sql("DROP OWNED BY parts_reader; DROP ROLE parts_reader");
  }
  await server.sql("DROP TABLE parts CASCADE; CREATE TABLE parts (id int, note text)");
  await said(/cannot cut 'parts': it is not a partitioned table/);
});

Deno.test("partitions: PostgreSQL: under a snapshot, one point in time while rows move", () =>
  onPostgresSessions(async (db) => {
    const moves = fc.array(fc.nat(10_000), { minLength: 2, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(moves, async (jumps) => {
        await db.sql(`${NESTED}
          DROP TABLE IF EXISTS moves;
          CREATE TABLE moves (seq bigserial, tx bigint DEFAULT txid_current(), id int, note text);
          UPDATE parts SET note = 'l' || id; INSERT INTO moves (id, note) SELECT id, note FROM parts`);
        const entry = {
          ...{ name: "parts", table: "parts", mode: "chunked", chunk_by: "partitions" },
          ...{ parallel: 2, consistency: "snapshot" },
          tuning: { profile: "fast", max_retries: 0, batch_size: 20, throttle_ms: 5 },
        };
        await withPipeline(db, [entry], async (pipeline) => {
          let on = true;
          const writer = (async () => {
            for (let i = 0; on; i++) {
              const from = IDS[(i * 7919 + jumps[i % jumps.length]) % IDS.length];
              const to = (i * 104_729 + jumps[(i + 1) % jumps.length]) % 400;
              await db.sql(`WITH moved AS (UPDATE parts SET id = ${to} WHERE note = 'l${from}'
                RETURNING id, note) INSERT INTO moves (id, note) SELECT id, note FROM moved`);
            }
          })();
          const run = await pipeline.run({ reconcile: true }).finally(() => on = false);
          await writer;
          assert.equal(run.exports[0].error?.message, undefined);
          const point = (await pipeline.manifest("parts")).snapshot as string;
          const expected = await db.sql(`SELECT DISTINCT ON (note) id || ',' || note FROM moves
            WHERE txid_visible_in_snapshot(tx, '${point.split(" ")[1]}') ORDER BY note, seq DESC`);
          const found = (await pipeline.rows("parts")).map((row) => row.join(","));
          assert.deepEqual(found.sort(), expected.map(([row]) => row ?? "").sort());
        });
      }),
      { numRuns: 1, endOnFailure: true },
    );
  }));
