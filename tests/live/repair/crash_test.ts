/**
 * `rivet repair --execute` killed with SIGKILL around every write. Right after it, a reader of
 * `manifest.json` sees each row once, as before the repair or as after it; the next repair makes it whole.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { onBench, succeeded } from "./bench.ts";

const POINTS: readonly (readonly [point: string, occurrence: number])[] = [
  ["destination.put", 1],
  ["destination.put", 2],
  ["state.logFile", 2],
  ["destination.replace", 1],
  ["destination.replace", 2],
  ["destination.replace", 3],
  ["state.recordMetric", 1],
  ["state.replaceChunkResult", 1],
  ["state.replaceChunkResult", 2],
];

const DRIFT = `INSERT INTO orders VALUES (701, 'new'); DELETE FROM orders WHERE id IN (1600, 1602)`;

Deno.test("crash: a repair that is killed anywhere leaves one dataset and can be repeated", async (t) => {
  for (const [point, occurrence] of POINTS) {
    for (const moment of ["before", "after"]) {
      await t.step(`${moment} ${point} #${occurrence}`, () =>
        onBench(async (b) => {
          succeeded(await b.rivet("run"));
          const before = await b.exported();
          await b.database.sql(DRIFT);
          const now = await b.source();
          const killed = await b.victim(point, String(occurrence), moment, "--repair");
          equal(killed.signal, "SIGKILL", killed.err);
          const seen = await b.exported();
          ok([before, now].some((rows) => JSON.stringify(rows) === JSON.stringify(seen)));

          succeeded(await b.victim("none", "0", "before", "--repair"));
          deepEqual(await b.exported(), now);
          succeeded(await b.rivet("validate"));
          equal((await b.reconcile()).summary.matches, 8);
        }));
    }
  }
});
