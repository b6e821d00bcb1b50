/**
 * What a start costs: the version, and one row to Parquet, of the sources and of the bundle, which is what the npm
 * package, the executables and the image hold.
 */
import { join } from "node:path";
import { writeBundle } from "../../packaging/bundle.ts";
import type { TestDatabase } from "../../tests/support/postgres.ts";
import { figures, inFolder, type Measured, measureRivet, measureRun } from "../measure.ts";
import { runConfig } from "./tools.ts";

/** CPU seconds and peak memory, after one start that does not count. */
export async function measureStart(
  db: TestDatabase,
  repeat: number,
): Promise<Record<string, number>> {
  await db.sql("CREATE TABLE one_row AS SELECT 1 AS id, 'a' AS name");
  return await inFolder(async (folder) => {
    await writeBundle({ folder, visible: false });
    const sources = await startsOf(db, repeat);
    const bundle = await startsOf(db, repeat, join(folder, "main.js"));
    const named = Object.entries(bundle).map(([name, value]) => [`bundle_${name}`, value]);
    return { ...sources, ...Object.fromEntries(named) };
  });
}

async function startsOf(
  db: TestDatabase,
  repeat: number,
  main?: string,
): Promise<Record<string, number>> {
  const row = () =>
    inFolder((dir) => measureRun(dir, runConfig(db.url, "one_row", "mode: full"), main));
  const version = () => measureRivet(["--version"], main);
  const help = () => measureRivet(["--help"], main);
  const median = async (run: () => Promise<Measured>) => {
    await run();
    const runs: Measured[] = [];
    for (let i = 0; i < Math.max(5, repeat); i++) runs.push(await run());
    return figures("", runs);
  };
  const [versions, helps, rows] = [await median(version), await median(help), await median(row)];
  return {
    version_cpu_s: versions.cpuSeconds,
    version_rss_mb: versions.peakRssMb,
    help_cpu_s: helps.cpuSeconds,
    one_row_cpu_s: rows.cpuSeconds,
    one_row_rss_mb: rows.peakRssMb,
  };
}
