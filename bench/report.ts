/**
 * What `rivet report` takes over a long history:
 *
 *   deno run -A bench/report.ts [--exports 1000] [--runs 100000]
 *
 * Fills a SQLite state as runs would have left it, writes the page, and prints what the command took and the
 * size of the page.
 */
import { join } from "node:path";
import { openSqlite, STATE_FILE } from "../state/open.ts";
import { connectSqlite } from "../state/sqlite/connection.ts";
import { fillHistory } from "../tests/support/history.ts";
import { figures, inFolder, measureRivet, printFigures } from "./measure.ts";
import { scriptArgs } from "../packaging/script.ts";

const TIMES = 3;
const MB = 1024 * 1024;

const { values: flags } = scriptArgs(import.meta.url, {
  exports: { type: "string", default: "1000" },
  runs: { type: "string", default: "100000" },
});

const CONFIG = `source: {type: postgres, url: postgresql://localhost/shop}
exports:
  - {name: orders, table: orders, destination: {type: local, path: ./out}}
`;

await inFolder(async (dir) => {
  const config = join(dir, "rivet.yaml");
  await Deno.writeTextFile(config, CONFIG);
  const state = join(dir, STATE_FILE);
  await (await openSqlite(state)).close();
  const db = await connectSqlite(state);
  await fillHistory(db, {
    exports: Array.from({ length: Number(flags.exports) }, (_, i) => `shop_table_${i}`),
    runs: Number(flags.runs),
    from: new Date("2026-01-01T00:00:00Z"),
    everyMs: 60_000,
  });
  await db.close();
  const page = join(dir, "report.html");
  const runs = [];
  for (let n = 0; n < TIMES; n++) {
    runs.push(await measureRivet(["report", "-c", config, "-o", page]));
  }
  const [sizes, bytes] = [await Deno.stat(state), await Deno.stat(page)];
  console.log(
    `${flags.runs} runs of ${flags.exports} exports, a state of ${(sizes.size / MB).toFixed(0)} MB`,
  );
  const pageMb = bytes.size / MB;
  const measured = figures("rivet report", runs, pageMb);
  printFigures(measured, measured.seconds);
});
