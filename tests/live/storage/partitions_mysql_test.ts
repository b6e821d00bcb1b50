/** `chunk_by: partitions` of MariaDB and MySQL: by range, list and hash, with partitions below. */
import assert from "node:assert/strict";
import { mysqlTest, onMysql } from "../../support/mariadb.ts";
import { onBench, refusedAfter, wholeLife } from "./partition_cases.ts";

const KINDS: Readonly<Record<string, readonly [string, number]>> = {
  "RANGE, with partitions below": [
    `PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (
      PARTITION p0 VALUES LESS THAN (100), PARTITION \`p.1 \`\`x\` VALUES LESS THAN (200),
      PARTITION pmax VALUES LESS THAN MAXVALUE)`,
    3,
  ],
  "HASH": ["PARTITION BY HASH (id) PARTITIONS 4", 4],
};

const IDS = Array.from({ length: 150 }, (_, i) => 2 * i);

const table = (how: string) =>
  `CREATE TABLE parts (id int NOT NULL, note varchar(20), KEY (id)) ${how}`;
const rows = `INSERT INTO parts VALUES ${IDS.map((id) => `(${id}, 'n${id}')`).join(", ")}`;

for (const [kind, [how, partitions]] of Object.entries(KINDS)) {
  mysqlTest(`partitions: MySQL: ${kind}`, (t) =>
    onMysql(async (db) => {
      await db.sql(table(how));
      await db.sql(rows);
      const server = { type: "mysql", ...db } as const;
      if (kind !== "HASH") return await wholeLife(t, server, IDS, partitions);
      await onBench(server, "parallel: 2", async (bench) => {
        const { exports: [{ error, chunks }] } = await bench.runHere();
        assert.deepEqual([error?.message, chunks?.total], [undefined, partitions]);
        assert.deepEqual(await bench.ids(), IDS);
      });
    }));
}

mysqlTest(
  "partitions: MySQL: one that comes, goes or is cut anew between plan and apply",
  async (t) => {
    await onMysql(async (db) => {
      const changes: readonly (readonly [string, RegExp])[] = [
        ["ALTER TABLE parts ADD PARTITION (PARTITION p3 VALUES LESS THAN (400))", /'p3' is new/],
        ["ALTER TABLE parts DROP PARTITION p0", /'p0' is gone/],
        [
          `ALTER TABLE parts REORGANIZE PARTITION p0, p1 INTO (
          PARTITION p0 VALUES LESS THAN (150), PARTITION p1 VALUES LESS THAN (200))`,
          /'p0' is gone or another; 'p0' is new/,
        ],
      ];
      for (const [change, message] of changes) {
        await t.step(change, async () => {
          await db.sql("DROP TABLE IF EXISTS parts");
          await db.sql(table(`PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100),
          PARTITION p1 VALUES LESS THAN (200), PARTITION p2 VALUES LESS THAN (300))`));
          await db.sql(rows);
          await refusedAfter({ type: "mysql", ...db }, change, message);
        });
      }
    });
  },
);

mysqlTest(
  "partitions: MySQL: one more of a hash moves rows between all: the run fails",
  async (t) => {
    await onMysql(async (db) => {
      for (const method of ["HASH", "LINEAR HASH", "KEY"]) {
        await t.step(method, async () => {
          await db.sql("DROP TABLE IF EXISTS parts");
          await db.sql(table(`PARTITION BY ${method} (id) PARTITIONS 2`));
          await db.sql(rows);
          await onBench({ type: "mysql", ...db }, "", async (bench) => {
            const more = () => db.sql("ALTER TABLE parts ADD PARTITION PARTITIONS 1");
            const { exports: [{ error }] } = await bench.runHere(more);
            assert.equal(error?.code, "STORAGE_CHANGED");
            assert.match(error?.message ?? "", /'p0', 'p1' are gone or another/);
          });
        });
      }
    });
  },
);

mysqlTest("partitions: MariaDB: a history by time is refused, any other is not read", async () => {
  await onMysql(async (db) => {
    // MySQL has no such tables.
    if (!String(await db.sql("SELECT VERSION()")).includes("MariaDB")) return;
    const versioned = (how: string) => table(`WITH SYSTEM VERSIONING PARTITION BY ${how}`);
    const change = "UPDATE parts SET note = 'now' WHERE id < 20";
    await db.sql(versioned("HASH (id) PARTITIONS 2"));
    await db.sql(rows);
    await db.sql(change);
    await onBench({ type: "mysql", ...db }, "", async (bench) => {
      assert.equal((await bench.runHere()).exports[0].error?.message, undefined);
      assert.deepEqual(await bench.ids(), IDS);
    });
    await db.sql("DROP TABLE parts");
    await db.sql(versioned("SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION p1 CURRENT)"));
    await onBench({ type: "mysql", ...db }, "", async (bench) => {
      const { exports: [{ error }] } = await bench.runHere();
      assert.equal(error?.code, "CONFIG_INVALID");
      assert.match(error?.message ?? "", /'parts': it is partitioned by SYSTEM_TIME/);
    });
  });
});

mysqlTest("partitions: MySQL: a table without any is refused, and so is ctid", async () => {
  await onMysql(async (db) => {
    await db.sql(table(""));
    await onBench({ type: "mysql", ...db }, "", async (bench) => {
      const run = await bench.runHere();
      assert.match(
        run.exports[0].error?.message ?? "",
        /cannot cut 'parts': it has no partitions/,
      );
      const text = await Deno.readTextFile(`${bench.dir}/rivet.yaml`);
      await Deno.writeTextFile(
        `${bench.dir}/rivet.yaml`,
        text.replace("chunk_by: partitions", "chunk_by: ctid\n    consistency: statement"),
      );
      for (const command of ["doctor", "check", "plan", "run"]) {
        const { code, stdout, stderr } = await bench.run(command, "-c", "rivet.yaml");
        assert.notEqual(code, 0, command);
        assert.match(
          (stdout + stderr).replaceAll(/\s+/g, " "),
          /chunk_by: ctid needs .* does not have/,
        );
      }
    });
  });
});
