/**
 * Repairs of tables, and Delta's checkpoints, killed before and after each object that they write. The gate
 * runs a sample (`tests/crash/tables_test.ts`).
 */
import { type KillAt, killCheckpoint, killRepair } from "../crash/table_kills.ts";
import type { TableKills } from "./results.ts";

const POINTS = ["destination.put", "destination.replace"];
const MOMENTS = ["before", "after"] as const;

interface TableScene {
  readonly format: string;
  readonly work: string;
  kill(at: KillAt): Promise<boolean>;
}

const SCENES: readonly TableScene[] = [
  { format: "Delta", work: "repair", kill: (at) => killRepair("delta", at) },
  { format: "Iceberg", work: "repair", kill: (at) => killRepair("iceberg", at) },
  { format: "Delta", work: "checkpoint", kill: killCheckpoint },
];

/** Every call of every point in turn, until there is no such call. */
async function* kills({ kill }: TableScene): AsyncGenerator<string> {
  for (const point of POINTS) {
    for (let occurrence = 1, reached = true; reached; occurrence++) {
      for (const moment of MOMENTS) {
        reached = await kill([point, occurrence, moment]);
        if (!reached) break;
        yield `${moment} ${point} #${occurrence}`;
      }
    }
  }
}

/**
 * The scenes take turns.
 * @param until when to stop, of `performance.now()`; one kill of each scene comes first.
 */
export async function killTables(until: number): Promise<TableKills[]> {
  const lines = SCENES.map((scene): TableKills & { readonly next: AsyncGenerator<string> } => {
    const { format, work } = scene;
    return { format, work, points: [], whole: false, next: kills(scene) };
  });
  for (let round = 0; lines.some(({ whole }) => !whole); round++) {
    for (const line of lines.filter(({ whole }) => !whole)) {
      if (round > 0 && performance.now() > until) break;
      const { value, done } = await line.next.next();
      line.whole = done === true;
      if (done) continue;
      line.points.push(value);
      console.log(`${line.format}, ${line.work}: ${value}`);
    }
    if (performance.now() > until) break;
  }
  return lines.map(({ format, work, points, whole }) => {
    if (points.length === 0) throw new Error(`${format}, ${work}: no point was reached`);
    return { format, work, points, whole };
  });
}
