/**
 * What a start costs: the version, and one row to Parquet, of the sources and of the bundle, which is what the npm
 * package, the executables and the image hold.
 */
import type { TestDatabase } from "../../tests/support/postgres.ts";
import {
  asInstalled,
  figures,
  FROM_SOURCES,
  inFolder,
  type Measured,
  measureRivet,
  measureRun,
  type Started,
} from "../measure.ts";
import { runConfig } from "./tools.ts";

/** CPU seconds and peak memory, after one start that does not count. */
export async function measureStart(
  db: TestDatabase,
  repeat: number,
): Promise<Record<string, number>> {
  await db.sql("CREATE TABLE one_row AS SELECT 1 AS id, 'a' AS name");
  const sources = await startsOf(db, repeat, FROM_SOURCES);
  const bundle = await startsOf(db, repeat, await asInstalled());
  const named = Object.entries(bundle).map(([name, value]) => [`bundle_${name}`, value]);
  return { ...sources, ...Object.fromEntries(named) };
}

async function startsOf(
  db: TestDatabase,
  repeat: number,
  started: Started,
): Promise<Record<string, number>> {
  const row = () =>
    inFolder((dir) => measureRun(dir, runConfig(db.url, "one_row", "mode: full"), started));
  const version = () => measureRivet(["--version"], started);
  const help = () => measureRivet(["--help"], started);
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
