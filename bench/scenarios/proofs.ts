/** What proof costs: a hash of every row, and a checksum compared with the source's. */
import type { TestDatabase } from "../../tests/support/postgres.ts";
import { inFolder, measureRun, median } from "../measure.ts";
import { TABLES } from "../tables.ts";
import { runConfig } from "./tools.ts";

const MODES = {
  "plain": "mode: full",
  "row_hash": "mode: full\n    meta_columns: {row_hash: true}",
  "chunked": "mode: chunked\n    chunk_checkpoint: true",
  "checksum": "mode: chunked\n    chunk_checkpoint: true\n    reconcile: checksum",
};

/** Wall time of each as a ratio to the same run without it, all in turn. */
export async function measureProofs(
  db: TestDatabase,
  repeat: number,
  scale: number,
): Promise<Record<string, number>> {
  await db.sql(TABLES[0].fill("orders_proofs", Math.round(2_000_000 * scale)));
  const seconds = new Map<string, number[]>();
  for (let i = 0; i < repeat; i++) {
    for (const [name, settings] of Object.entries(MODES)) {
      const config = runConfig(db.url, "orders_proofs", settings);
      const run = await inFolder((dir) => measureRun(dir, config));
      seconds.set(name, [...seconds.get(name) ?? [], run.seconds]);
    }
  }
  await db.sql("DROP TABLE orders_proofs");
  const of = (name: keyof typeof MODES) => median(seconds.get(name) ?? []);
  return {
    row_hash_ratio: of("row_hash") / of("plain"),
    checksum_ratio: of("checksum") / of("chunked"),
  };
}
