/**
 * `deno run -A tests/torture/tables.ts [delta | iceberg ...]`: repairs of tables, and Delta's checkpoints, killed before and
 * after each object that they write. The gate runs a sample (`tests/crash/tables_test.ts`).
 */
import { type Format, type KillAt, killCheckpoint, killRepair } from "../crash/table_kills.ts";

const POINTS = ["destination.put", "destination.replace"];
const MOMENTS = ["before", "after"] as const;

/** Until there is no such call. @returns how many died. */
async function killEach(name: string, kill: (at: KillAt) => Promise<boolean>): Promise<number> {
  let killed = 0;
  for (const point of POINTS) {
    for (let occurrence = 1, reached = true; reached; occurrence++) {
      for (const moment of MOMENTS) {
        reached = await kill([point, occurrence, moment]);
        if (!reached) break;
        killed++;
        console.log(`${name}: ${moment} ${point} #${occurrence}`);
      }
    }
  }
  return killed;
}

const asked = Deno.args.length === 0 ? ["delta", "iceberg"] : Deno.args;
let killed = 0;
for (const format of ["delta", "iceberg"] satisfies Format[]) {
  if (!asked.includes(format)) continue;
  killed += await killEach(`${format}: repair`, (at) => killRepair(format, at));
  if (format === "delta") killed += await killEach("delta: checkpoint", killCheckpoint);
}
if (killed === 0) throw new Error(`no such format: ${asked.join(", ")}`);
console.log(`${killed} kills, no row lost or doubled`);
