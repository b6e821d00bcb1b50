/** `rivet report` over what real runs leave, in either kind of state. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { rivet, withConfig } from "../support/rivet.ts";

const CONFIG = `
source: {type: postgres, url_env: SHOP_URL, tls: {mode: disable}}
exports:
  - name: orders
    table: orders
    mode: chunked
    chunk_size: 10
    parallel: 2
    chunk_checkpoint: true
    destination: {type: local, path: ./out}
`;

interface Shop {
  readonly dir: string;
  readonly url: string;
  /** @returns stdout of a command that succeeds. */
  rivet(...args: string[]): Promise<string>;
  sql(text: string): Promise<unknown>;
}

/** @param stateInDatabase the state is in the shop's PostgreSQL, else beside the config. */
async function onShop(
  stateInDatabase: boolean,
  body: (shop: Shop) => Promise<void>,
): Promise<void> {
  const server = await testPostgres();
  try {
    const { url, sql, drop } = await createDatabase(server);
    try {
      await sql(`CREATE TABLE orders (id int PRIMARY KEY);
        INSERT INTO orders SELECT generate_series(1, 30)`);
      const state: Record<string, string> = stateInDatabase ? { RIVET_STATE_URL: url } : {};
      const env = { SHOP_URL: url, ...state };
      await withConfig(CONFIG, (dir) =>
        body({
          dir,
          url,
          sql,
          async rivet(...args) {
            const { code, stdout, stderr } = await rivet(args, { cwd: dir, env });
            equal(code, 0, stderr);
            return stdout;
          },
        }));
    } finally {
      await drop();
    }
  } finally {
    await server.stop();
  }
}

Deno.test("report: a run in chunks says where its time went, a repair what it superseded", () =>
  onShop(false, async ({ dir, rivet, sql }) => {
    await rivet("run", "-c", "rivet.yaml");
    await sql("DELETE FROM orders WHERE id = 15");
    await rivet("repair", "-c", "rivet.yaml", "-e", "orders", "--execute");
    const { run, totals, times } = JSON.parse(await rivet("report", "--json"));
    deepEqual([totals.exports, totals.failed], [1, 0]);
    // The repaired chunk is timed again.
    const chunks = run.chunks.map((c: { chunk: number }) => c.chunk).sort();
    deepEqual(chunks, [0, 1, 1, 2]);
    for (const { phases_ms, rows, bytes, began_at } of run.chunks) {
      ok(Object.values(phases_ms).every((ms) => Number(ms) >= 0));
      ok(rows > 0 && bytes > 0 && !Number.isNaN(Date.parse(began_at)));
    }
    ok(times.length > 0 && times[0].times.longest_statement_ms >= 0);
    type Part = { path: string; chunk: number; status: string; superseded_by: string[] };
    const [old, now, ...others] = run.parts as Part[];
    deepEqual([old.chunk, old.status, old.superseded_by], [1, "superseded", [now.path]]);
    deepEqual([now.chunk, now.status], [1, "committed"]);
    deepEqual(others.map(({ chunk, status }) => [chunk, status]), [[0, "committed"], [
      2,
      "committed",
    ]]);
    match(await rivet("report"), /^report\.html: \d runs of 1 export\n$/);
    const page = await Deno.readTextFile(join(dir, "report.html"));
    match(page, /<svg[^>]* role="img"/);
    ok(page.includes(old.path) && page.includes(now.path));
  }));

Deno.test("report: a state in PostgreSQL gives the same page, without its password", () =>
  onShop(true, async ({ rivet, url }) => {
    await rivet("run", "-c", "rivet.yaml");
    const page = await rivet("report", "-o", "-", "--since", "1h", "-e", "orders");
    match(page, /<dt>Runs<\/dt>\s*<dd>1<\/dd>/);
    match(page, /Where the time went/);
    match(page, /chunk 2/);
    const { username, password } = new URL(url);
    ok(password === "" || !page.includes(`${username}:${password}`));
    const later = JSON.parse(await rivet("report", "--json", "--since", "2999-01-01"));
    deepEqual([later.totals.runs, later.exports.items, later.run], [0, [], null]);
  }));
