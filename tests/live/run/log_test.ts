/** What a run says of itself, at each level, in both formats. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Bench, onBench, SOURCE, succeeded } from "../plan/bench.ts";

const TABLE = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)";

const CHUNKED = `${SOURCE}exports:
  - name: chunks
    table: t
    mode: chunked
    chunk_column: id
    chunk_size: 50
    chunk_checkpoint: true
    destination: {type: local, path: ./out}
`;

const INCREMENTAL = `${SOURCE}exports:
  - name: news
    table: t
    mode: incremental
    cursor_column: id
    destination: {type: local, path: ./news}
`;

interface Line {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Every line of stderr that a JSON log has. */
async function logged(bench: Bench, level: string): Promise<Line[]> {
  bench.env.RIVET_LOG = level;
  const args = ["run", "-c", "rivet.yaml", "--log-format", "json"];
  const { err } = succeeded(await bench.rivet(...args));
  return err.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

/** The places of these texts, which must be in the order in which they are given. */
function inOrder(lines: readonly Line[], texts: readonly RegExp[]): void {
  let from = 0;
  for (const text of texts) {
    const found = lines.findIndex(({ msg }, i) => i >= from && text.test(msg));
    ok(
      found >= 0,
      `${text} is not in, or not after, line ${from}:\n${lines.map(({ msg }) => msg).join("\n")}`,
    );
    from = found + 1;
  }
}

Deno.test("each step of the write order leaves its line, in that order", async () => {
  await onBench(async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", CHUNKED);
    const lines = await logged(bench, "debug");
    inOrder(lines, [
      /^state: acquireLease chunks /,
      /^state: beginRun chunks_/,
      /^export 'chunks': run begun, mode chunked$/,
      /^rivet\/chunks: connected to PostgreSQL/,
      /^export 'chunks': planned: chunked, 2 chunks/,
      /^export 'chunks': chunk 0 .*: reading$/,
      /^rivet\/chunks: SELECT .*: read, 50 rows, \d+ ms$/,
      /: put chunks_\S+_chunk0\S*: stored, \d+ ms$/,
      /^export 'chunks': part \S+ put, 50 rows, [\d,]+ bytes$/,
      /^state: completeChunkTask /,
      /^export 'chunks': chunk 0 done, 50 rows$/,
      /: replace manifest-\S+\.json, \d+ ms$/,
      /^state: saveSchema /,
      /: replace manifest\.json, \d+ ms$/,
      /: replace _SUCCESS, \d+ ms$/,
      /manifest and _SUCCESS written$/,
      /^export 'chunks': run ended: success, 100 rows in 2 files, [\d,]+ bytes, [\d,]+ ms$/,
      /^state: recordMetric /,
      /^state: appendJournal\b/,
    ]);
    const read = lines.find(({ call, rows }) => call === "read" && rows === 50);
    equal(read?.level, "debug");
    equal(typeof read?.ms, "number");
    const done = lines.find(({ event, chunk }) => event === "chunk_completed" && chunk === 0);
    deepEqual([done?.export, done?.chunk, done?.rows, done?.level], ["chunks", 0, 50, "info"]);
    match(String(done?.run_id), /^chunks_/);
    match(String(done?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });
});

Deno.test("the cursor moves between the run's own manifest and manifest.json", async () => {
  await onBench(async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", INCREMENTAL);
    inOrder(await logged(bench, "debug"), [
      /: put news_/,
      /^state: logFile /,
      /: replace manifest-\S+\.json/,
      /^state: saveCursor /,
      /^export 'news': cursor moved to 100$/,
      /^state: commitProgress /,
      /: replace manifest\.json/,
      /: replace _SUCCESS/,
      /^state: recordMetric /,
    ]);
  });
});

Deno.test("info is for people, nothing of statements and state; warn is silent; no password at any level", async () => {
  await onBench(async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", CHUNKED);
    const info = await logged(bench, "info");
    deepEqual([...new Set(info.map(({ level }) => level))], ["info"]);
    equal(info.some(({ msg }) => /^state:|SELECT/.test(msg)), false);
    bench.env.RIVET_LOG = "";
    const run = (...flags: string[]) => bench.rivet("run", "-c", "rivet.yaml", ...flags);
    match(succeeded(await run("-v")).err, /^INFO export 'chunks': chunk 1 done, 50 rows$/m);
    equal(succeeded(await run()).err.includes("INFO"), false);
    match(succeeded(await run("-vv")).err, /^DEBUG state: completeChunkTask /m);
    bench.env.RUST_LOG = "warn,rivet=trace";
    const { err } = succeeded(await run("-v"));
    match(err, /^TRACE state: /m);
    match(err, /^TRACE rivet\/chunks: sent StartupMessage, \d+ bytes$/m);
    match(err, /^TRACE rivet\/chunks: received ReadyForQuery, 6 bytes$/m);
    const password = new URL(bench.db.url).password;
    if (password !== "") equal(err.includes(password), false);
  });
});
