/** `--parallel-export-processes`: real child processes, killed, interrupted and left alone. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { webhookDouble } from "../../support/webhook.ts";
import { type Bench, onBench, range, SOURCE, succeeded } from "../plan/bench.ts";
import { until } from "../../support/until.ts";

const TABLE = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)";

const entry = (name: string, fields: string) =>
  `  - {name: ${name}, table: t, ${fields} format: csv, destination: {type: local, path: ./out/${name}}}\n`;
/** A hundred chunks with a pause after each. */
const SLOW =
  "mode: chunked, chunk_column: id, chunk_size: 10, chunk_checkpoint: true, tuning: {throttle_ms: 300},";

const CONFIG = `${SOURCE}exports:\n${entry("a", "")}${entry("b", "")}${entry("c", "")}`;
const WITH_SLOW = `${SOURCE}exports:\n${entry("slow", SLOW)}${entry("a", "")}`;

async function exporting(config: string, body: (bench: Bench) => Promise<void>): Promise<void> {
  await onBench(async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", config);
    await body(bench);
  });
}

interface Process {
  readonly pid: number;
  readonly args: string;
}

/** Running children of a process. */
async function childrenOf(parent: number): Promise<Process[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid=,args="] })
    .output();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const [, pid, ppid, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(ppid) === parent ? [{ pid: Number(pid), args }] : [];
  });
}

const rowsOf = (bench: Bench, name: string) => bench.ids(`out/${name}`).catch((): number[] => []);

/** A run whose slow export is on its way and whose other one is done. */
async function startSlow(bench: Bench, ...args: string[]) {
  const parent = bench.spawn("run", "-c", "rivet.yaml", "--parallel-export-processes", ...args);
  await until(
    "rows of both",
    async () =>
      (await rowsOf(bench, "slow")).length > 0 && (await rowsOf(bench, "a")).length === 1000,
  );
  const slow = await until(
    "the slow child",
    async () =>
      (await childrenOf(parent.pid)).find((p) => p.args.includes("--export=slow")) ?? null,
  );
  return { parent, slow };
}

async function outcome(parent: Deno.ChildProcess) {
  const { code, stdout, stderr } = await parent.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("every export runs in a process of its own, and is summed up once", () =>
  exporting(CONFIG, async (bench) => {
    const { out, err } = succeeded(
      await bench.rivet("run", "-c", "rivet.yaml", "--parallel-export-processes", "--validate"),
    );
    for (const name of ["a", "b", "c"]) {
      equal(out.split(`── ${name} ──`).length, 2, out);
      deepEqual(await bench.ids(`out/${name}`), range(1, 1000));
    }
    equal(out.match(/validated: {3}pass/g)?.length, 3);
    equal(out.split("── Run summary ──").length, 2);
    match(out, /exports: {5}3 \(3 succeeded\)\n {2}rows: {8}3000\n/);
    equal(err, "");
    // deno-lint-ignore no-control-regex
    equal(/\x1b/.test(out + err), false, "no terminal, no control characters");
  }));

Deno.test("the config key asks for it too; --json and --summary-output are as of one process", () =>
  exporting(`${CONFIG}parallel_export_processes: true\n`, async (bench) => {
    const { out, err } = succeeded(
      await bench.rivet("run", "-c", "rivet.yaml", "--json", "--summary-output", "sum.json"),
    );
    const run = JSON.parse(out);
    deepEqual(run.exports.map((e: { export_name: string }) => e.export_name), ["a", "b", "c"]);
    deepEqual([run.succeeded, run.rows, run.files], [3, 3000, 3]);
    deepEqual(JSON.parse(await Deno.readTextFile(bench.path("sum.json"))), run);
    match(err, /── Run summary ──/);
    const alone = succeeded(await bench.rivet("run", "-c", "rivet.yaml", "-e", "a"));
    equal(alone.out.includes("Run summary"), false, "one export needs no process of its own");
  }));

Deno.test("a failing child fails alone, with its own error and code", () =>
  exporting(
    `${CONFIG}${entry("bad", "mode: incremental, cursor_column: nope,")}`,
    async (bench) => {
      const result = await bench.rivet(
        "run",
        "-c",
        "rivet.yaml",
        "--parallel-export-processes",
        "--json-errors",
      );
      equal(result.code, 2, "as in one process: a configuration error");
      const error = JSON.parse(result.err.trim().split("\n").at(-1) ?? "");
      match(error.error, /^export 'bad' failed: .*'nope'/);
      equal(error.code, "CONFIG_INVALID");
      match(result.out, /exports: {5}4 \(3 succeeded, 1 failed\)/);
    },
  ));

/** I4: of a run whose process is gone its parent leaves what the run itself would have left. */
async function assertRecorded(bench: Bench): Promise<void> {
  const listed = async (name: string, ...args: string[]) => {
    const { out } = succeeded(
      await bench.rivet(...args, "-c", "rivet.yaml", "-e", "slow", "--json"),
    );
    const json = JSON.parse(out);
    return Array.isArray(json) ? json : json[name];
  };
  const [metric] = await listed("metrics", "metrics");
  const files = await listed("files", "state", "files", "--last", "1000");
  deepEqual([metric.status, metric.error_code], ["failed", "EXPORT_FAILED"]);
  equal(metric.files, files.length);
  equal(metric.rows, files.length * 10, "every chunk that the destination accepted");
  const { run_id: runId, started_at: startedAt } = metric;
  const [, day, time, ms] = /_(\d{8})T(\d{6})\.(\d{3})$/.exec(runId) ?? [];
  equal(
    startedAt.replace(/[-:TZ]/g, ""),
    `${day}${time}.${ms}`,
    "the start of the run, not its end",
  );
  const [journal] = await listed("runs", "journal");
  equal(journal.run_id, runId);
  deepEqual(journal.events.map((e: { event: string }) => e.event), ["started", "finished"]);
  const report = bench.path(".rivet", "runs", runId, "summary.json");
  const summary = JSON.parse(await Deno.readTextFile(report));
  deepEqual([summary.status, summary.rows, summary.parts.length], [
    "failed",
    metric.rows,
    files.length,
  ]);
}

Deno.test("a killed child is failed, the others finish, and --resume continues it", () =>
  exporting(WITH_SLOW, async (bench) => {
    const hook = webhookDouble();
    const notifications = `notifications: {slack: {webhook_url: "${hook.url}"}}\n`;
    await bench.write("rivet.yaml", WITH_SLOW + notifications);
    const { parent, slow } = await startSlow(bench);
    Deno.kill(slow.pid, "SIGKILL");
    const { code, out, err } = await outcome(parent);
    await hook.close();
    equal(code, 1, err);
    equal(hook.messages.length, 1, "the dead one, told of by the parent");
    match(hook.messages[0].text, /^\*slow\*: failed\n.*\n.*ended without a result/);
    match(out, /── slow ──\n {2}run_id: .*\n {2}status: {6}failed/);
    match(
      err,
      /export 'slow' failed: the process of export 'slow' ended without a result \(SIGKILL\)/,
    );
    match(err, /hint: .*--resume/);
    match(out, /exports: {5}2 \(1 succeeded, 1 failed\)/);
    await assertRecorded(bench);
    const config = WITH_SLOW.replace("throttle_ms: 300", "throttle_ms: 0");
    await bench.write("rivet.yaml", config);
    succeeded(
      await bench.rivet("run", "-c", "rivet.yaml", "--resume", "--parallel-export-processes"),
    );
    deepEqual([...new Set(await bench.ids("out/slow"))], range(1, 1000), "no row is skipped");
    deepEqual(await bench.ids("out/a"), range(1, 1000), "the finished one was left alone");
  }));

Deno.test("Ctrl-C, which the terminal sends to all of them, stops each at a safe point", () =>
  exporting(WITH_SLOW, async (bench) => {
    const { parent, slow } = await startSlow(bench);
    Deno.kill(slow.pid, "SIGINT");
    Deno.kill(parent.pid, "SIGINT");
    const { code, out, err } = await outcome(parent);
    equal(code, 130, err);
    match(out, /── slow ──\n {2}run_id: .*\n {2}status: {6}interrupted/);
    match(err, /interrupted while exporting 'slow'/);
    const chunks = JSON.parse(
      succeeded(await bench.rivet("state", "chunks", "-c", "rivet.yaml", "-e", "slow", "--json"))
        .out,
    );
    equal(JSON.stringify(chunks).includes('"running"'), false, "nothing is left running");
  }));

Deno.test("children of a killed parent stop by themselves", () =>
  exporting(WITH_SLOW, async (bench) => {
    const { parent, slow } = await startSlow(bench);
    parent.kill("SIGKILL");
    await parent.output();
    await until("the child's end", async () => {
      const { success } = await new Deno.Command("ps", { args: ["-p", String(slow.pid)] }).output();
      return !success;
    });
    ok((await bench.ids("out/slow")).length < 1000, "it stopped before its end");
  }));

Deno.test("RIVET_IPC_EVENTS=1 prints events and nothing else", () =>
  exporting(CONFIG, async (bench) => {
    bench.env.RIVET_IPC_EVENTS = "1";
    const { out } = succeeded(await bench.rivet("run", "-c", "rivet.yaml", "-e", "a"));
    const events = out.trim().split("\n").map((line) => JSON.parse(line).event);
    deepEqual([events[0], events.at(-1)], ["Started", "Finished"]);
    ok(events.includes("ProgressInit") && events.includes("Progress"));
  }));
