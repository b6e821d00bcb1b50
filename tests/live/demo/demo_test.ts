import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";
import postgres from "postgres";
import { startDemoServer } from "../../../fixtures/demo/server.ts";
import type { Manifest } from "../../../core/manifest/manifest.ts";
import { DEMO_STEPS } from "../../../fixtures/demo/steps.ts";

const DEMO = fileURLToPath(new URL("../../../fixtures/demo/demo.ts", import.meta.url));

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-demo-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function runDemo(folder: string): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", DEMO, folder],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

async function parquetRows(folder: string): Promise<number> {
  let rows = 0;
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) rows += await parquetRows(join(folder, entry.name));
    if (!entry.name.endsWith(".parquet")) continue;
    const file = await asyncBufferFromFile(join(folder, entry.name));
    rows += Number((await parquetMetadataAsync(file)).num_rows);
  }
  return rows;
}

Deno.test("demo: every step succeeds and the files hold every row", () =>
  inFolder(async (temp) => {
    const folder = join(temp, "out");
    const { code, out, err } = await runDemo(folder);
    assert.equal(code, 0, `${out}\n${err}`);
    for (const step of DEMO_STEPS) {
      assert.ok(out.includes(`# ${step.title}\n`), `${step.title}\n${out}`);
    }
    const rows = (name: string): Promise<number> => parquetRows(join(folder, "output", name));
    const orders = join(folder, "output", "orders");
    const manifest: Manifest = JSON.parse(await Deno.readTextFile(join(orders, "manifest.json")));
    assert.equal(manifest.row_count, 119_999);
    assert.deepEqual(
      manifest.parts.filter((p) => p.status === "superseded").map((p) => p.chunk_index),
      [2, 5],
    );
    // The superseded files of two chunks are still there.
    assert.equal(await rows("orders"), 120_000 + 19_999 + 20_000);
    assert.equal(await rows("order_items"), 150_000);
    assert.equal(await rows("content_items"), 4_000);
    assert.equal(await rows("products"), 1_000);
    assert.equal(await rows("orders_sparse"), 2_000);
    assert.equal(await rows("sessions"), 20_000);
    assert.equal(await rows("events"), 80_000);
    assert.equal(await rows("orders_coalesce"), 10_000 + 25);
  }));

Deno.test("demo: a folder that the demo did not make is left alone", () =>
  inFolder(async (folder) => {
    const own = join(folder, "thesis.txt");
    await Deno.writeTextFile(own, "years of work");
    const { code, err } = await runDemo(folder);
    assert.equal(code, 1);
    assert.match(err, /was not made by the demo/);
    assert.equal(await Deno.readTextFile(own), "years of work");
  }));

Deno.test("demo: the shop has its tables, and the same rows every time", async () => {
  const server = await startDemoServer();
  const sql = postgres(server.url, { max: 1 });
  try {
    const tables = await sql`SELECT relname FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;
    assert.equal(tables.length, 18);
    const [orders] = await sql`SELECT count(*)::int AS rows, sum(price)::text AS price,
      sum(user_id)::text AS users, max(updated_at)::text AS latest FROM orders`;
    assert.deepEqual({ ...orders }, ORDERS);
    const [broken] = await sql`SELECT count(*)::int AS rows FROM order_items i
      LEFT JOIN orders o ON o.id = i.order_id LEFT JOIN products p ON p.id = i.product_id
      WHERE o.id IS NULL OR p.id IS NULL`;
    assert.equal(broken.rows, 0);
  } finally {
    await sql.end();
    await server.stop();
  }
});

const ORDERS = {
  rows: 120_000,
  price: "60096570.00",
  users: "300468964",
  latest: "2025-10-22 16:58:04.585434+00",
};
