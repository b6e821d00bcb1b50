/** What a run tells an OpenTelemetry collector: a receiver over HTTP that decodes what arrives. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { OtlpReceiver, type ReceivedSpan } from "../../support/otlp.ts";
import { WEBHOOK_SECRET, webhookDouble } from "../../support/webhook.ts";
import { type Bench, onBench, SOURCE, succeeded } from "../plan/bench.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

const TABLE = `CREATE TABLE t (id int PRIMARY KEY, name text);
  INSERT INTO t SELECT i, 'marmalade' || i FROM generate_series(1, 100) i`;

const chunked = (name: string, more = "") => `
  - name: ${name}
    table: t
    mode: chunked
    chunk_column: id
    chunk_size: 50
    destination: {type: local, path: ./${name}}${more}`;

async function onReceiver(
  body: (bench: Bench, receiver: OtlpReceiver) => Promise<void>,
): Promise<void> {
  await onBench(async (bench) => {
    const receiver = new OtlpReceiver();
    try {
      await bench.db.sql(TABLE);
      Object.assign(bench.env, receiver.env, { TRACEPARENT });
      await body(bench, receiver);
    } finally {
      await receiver.close();
    }
  });
}

/** The names from the span up to what the environment named. */
function lineage(receiver: OtlpReceiver, span: ReceivedSpan): string[] {
  const names = [span.name];
  for (let id = span.parentSpanId; id !== PARENT;) {
    const parent = receiver.spans.find(({ spanId }) => spanId === id);
    ok(parent, `the parent ${id} of ${names.join(" in ")} never arrived`);
    names.push(parent.name);
    id = parent.parentSpanId;
  }
  return names;
}

const lineages = (receiver: OtlpReceiver, name: string) =>
  receiver.named(name).map((span) => lineage(receiver, span).join(" < "));

/** The spans that the statements behind a folder's CSV files named. */
async function* told(folder: string): AsyncGenerator<string> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".csv")) continue;
    const text = await Deno.readTextFile(`${folder}/${name}`);
    yield /\/\*traceparent='00-([0-9a-f]{32}-[0-9a-f]{16})-01'\*\//.exec(text)?.[1] ?? "nothing";
  }
}

Deno.test("the spans of a run form a tree below TRACEPARENT, which its statements name; metrics arrive", async () => {
  await onReceiver(async (bench, receiver) => {
    const source = SOURCE.replace("{ ", "{ trace_sql_comments: true, ");
    const news = chunked("news", "\n    format: csv")
      .replace("table: t", "query: SELECT id, current_query() AS sent FROM t");
    await bench.write("rivet.yaml", `${source}exports:${news}\n`);
    succeeded(await bench.rivet("run", "-c", "rivet.yaml"));
    const ours = receiver.spans.filter(({ scope }) => scope === "rivet");
    deepEqual([...new Set(ours.map(({ traceId }) => traceId))], [TRACE]);
    deepEqual([...new Set(ours.map(({ service }) => service))], ["rivet"]);
    deepEqual(lineages(receiver, "run"), ["run"]);
    deepEqual(lineages(receiver, "export"), ["export < run"]);
    const inChunk = "chunk < export < run";
    deepEqual(lineages(receiver, "chunk"), [inChunk, inChunk]);
    deepEqual(lineages(receiver, "read"), [`read < ${inChunk}`, `read < ${inChunk}`]);
    deepEqual(lineages(receiver, "encode"), [`encode < ${inChunk}`, `encode < ${inChunk}`]);
    const puts = lineages(receiver, "put");
    equal(puts.filter((path) => path === `put < ${inChunk}`).length, 2);
    ok(puts.includes("put < export < run"), "the manifest is put by the export");
    const states = lineages(receiver, "state");
    ok(states.includes(`state < ${inChunk}`) && states.includes("state < export < run"));
    ok(lineages(receiver, "connect").includes("connect < export < run"));

    const [read] = receiver.named("read");
    equal(read.kind, "SPAN_KIND_CLIENT");
    deepEqual(
      [read.attributes["db.system.name"], read.attributes["db.operation.name"]],
      ["postgresql", "SELECT"],
    );
    equal(read.attributes["db.response.returned_rows"], 50);
    const reads = receiver.named("read").map(({ traceId, spanId }) => `${traceId}-${spanId}`);
    deepEqual((await Array.fromAsync(told(bench.path("news")))).sort(), reads.sort());
    const [exported] = receiver.named("export");
    equal(exported.attributes["rivet.export"], "news");
    equal(exported.attributes["rivet.rows"], 100);
    match(String(exported.attributes["rivet.run_id"]), /^news_/);
    deepEqual(receiver.named("chunk").map((span) => span.attributes["rivet.chunk"]).sort(), [0, 1]);

    const total = (name: string) =>
      receiver.points.filter((point) => point.name === name).reduce((sum, p) => sum + p.value, 0);
    equal(total("rivet.rows"), 100);
    equal(total("rivet.chunk.duration"), 2);
    equal(total("rivet.chunks.in_flight"), 0);
    equal(total("rivet.encode.in_flight"), 0);
    ok(total("rivet.bytes") > 0 && total("rivet.memory") > 1e6);
    const rows = receiver.points.find(({ name }) => name === "rivet.rows");
    deepEqual([rows?.unit, rows?.attributes["rivet.export"]], ["{row}", "news"]);
  });
});

Deno.test("Workers and child processes are part of the trace", async () => {
  await onReceiver(async (bench, receiver) => {
    const rows = "INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(101, 6000) i";
    await bench.db.sql(rows);
    const full = (name: string) => `
  - name: ${name}
    table: t
    destination: {type: local, path: ./${name}}`;
    await bench.write("rivet.yaml", `${SOURCE}exports:${full("one")}${full("two")}\n`);
    succeeded(await bench.rivet("run", "-c", "rivet.yaml", "--parallel-export-processes"));
    const inExport = "chunk < export < run < run";
    const both = (path: string) => [path, path];
    deepEqual(lineages(receiver, "export"), both("export < run < run"));
    deepEqual(lineages(receiver, "read"), both(`read < ${inExport}`));
    // More than is encoded on the thread that reads it.
    deepEqual(lineages(receiver, "encode"), both(`encode < ${inExport}`));
    const names = receiver.named("export").map((span) => span.attributes["rivet.export"]);
    deepEqual(names.sort(), ["one", "two"]);
  });
});

Deno.test("a failed run is a failed span; no password, webhook, statement or row arrives", async () => {
  await onReceiver(async (bench, receiver) => {
    const webhook = webhookDouble();
    try {
      bench.env.HOOK = webhook.url;
      await bench.db.sql("CREATE TABLE bad (id int, n numeric); INSERT INTO bad VALUES (1, 'NaN')");
      const config = `notifications: {slack: {webhook_url_env: HOOK, on: [failure]}}
${SOURCE}exports:${chunked("news", "\n    partition_by: name")}
  - name: bad
    query: SELECT id, n, 'marmalade0' AS sweet FROM bad WHERE n IS DISTINCT FROM 4711
    columns: {n: "decimal(9,2)"}
    destination: {type: local, path: ./bad}
`;
      await bench.write("rivet.yaml", config.replace("./news}", '"./news/{partition}"}'));
      const { code } = await bench.rivet("run", "-c", "rivet.yaml");
      equal(code, 1);
      equal(webhook.messages.length > 0, true);
      const failed = receiver.spans.filter((span) => span.failed).map(({ name }) => name);
      for (const name of ["read", "chunk", "export", "run"]) ok(failed.includes(name), name);
      const bad = receiver.named("export").find((span) => span.failed);
      match(String(bad?.attributes["error.type"]), /^[A-Z_]+$/);
      // The runtime's own span of the webhook is there, without its address.
      ok(receiver.spans.some(({ scope }) => scope === "deno"));
      const all = receiver.bodies.map((body) => new TextDecoder("latin1").decode(body)).join("\n");
      const { password } = new URL(bench.db.url);
      const secrets = [WEBHOOK_SECRET, "marmalade", "4711", ...(password === "" ? [] : [password])];
      for (const secret of secrets) ok(!all.includes(secret), `${secret} arrived`);
    } finally {
      await webhook.close();
    }
  });
});

Deno.test("a receiver that is away changes nothing about the run", async () => {
  await onBench(async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", `${SOURCE}exports:${chunked("news")}\n`);
    const receiver = new OtlpReceiver();
    await receiver.close();
    Object.assign(bench.env, receiver.env);
    const { err } = succeeded(await bench.rivet("run", "-c", "rivet.yaml"));
    equal(/otlp|opentelemetry/i.test(err), false, err);
  });
});
