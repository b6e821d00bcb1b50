/** What readers and chunks cost: further readers where the server is far away, and many chunks of few rows. */
import type { TestDatabase } from "../../tests/support/postgres.ts";
import { startLink } from "../link.ts";
import { inFolder, measureRun, median } from "../measure.ts";
import { TABLES } from "../tables.ts";
import { runConfig } from "./tools.ts";

/** About 13 MB/s of one connection. */
const FAR_AWAY = { roundTripMs: 20, windowBytes: 256 * 1024 };

const CHUNKS = 10_000;
const ROWS_OF_CHUNK = 10;

async function wallSeconds(config: string, repeat: number): Promise<number> {
  const runs: number[] = [];
  for (let i = 0; i < repeat; i++) {
    runs.push((await inFolder((dir) => measureRun(dir, config))).seconds);
  }
  return median(runs);
}

/** How many times faster two and four readers are than one, over a link of 20 ms. */
async function measureLink(
  db: TestDatabase,
  repeat: number,
  scale: number,
): Promise<Record<string, number>> {
  await db.sql(TABLES[0].fill("orders_link", Math.round(500_000 * scale)));
  const url = new URL(db.url);
  const link = startLink({ hostname: url.hostname, port: Number(url.port || 5432) }, FAR_AWAY);
  url.hostname = "127.0.0.1";
  url.port = String(link.port);
  try {
    const of = (parallel: number) =>
      wallSeconds(
        runConfig(
          url.href,
          "orders_link",
          `mode: chunked\n    chunk_count: 12\n    parallel: ${parallel}`,
        ),
        repeat,
      );
    const one = await of(1);
    return {
      link_one_reader_s: one,
      link_parallel_2: one / await of(2),
      link_parallel_4: one / await of(4),
    };
  } finally {
    await link.stop();
    await db.sql("DROP TABLE orders_link");
  }
}

/** Milliseconds of one more chunk, all told: claimed, read, written to a file of its own, committed. */
async function measureChunks(db: TestDatabase, scale: number): Promise<Record<string, number>> {
  const chunks = Math.round(CHUNKS * scale);
  await db.sql(TABLES[0].fill("orders_chunks", chunks * ROWS_OF_CHUNK));
  const of = (count: number) =>
    wallSeconds(
      runConfig(
        db.url,
        "orders_chunks",
        `mode: chunked\n    chunk_count: ${count}\n    chunk_checkpoint: true`,
      ),
      1,
    );
  const [one, many] = [await of(1), await of(chunks)];
  await db.sql("DROP TABLE orders_chunks");
  return { chunk_ms: (many - one) / chunks * 1000 };
}

export async function measureReaders(
  db: TestDatabase,
  repeat: number,
  scale: number,
): Promise<Record<string, number>> {
  return { ...await measureLink(db, repeat, scale), ...await measureChunks(db, scale) };
}
