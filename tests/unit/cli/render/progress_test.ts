import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ProgressView, type Summaries } from "../../../../cli/render/progress.ts";
import { Screen } from "../../../../cli/render/screen.ts";
import { FakeStream, fakeSummary, visibleLines } from "../fakes.ts";

const STARTED = {
  runId: "r",
  mode: "chunked",
  profile: "fast",
  batchSize: null,
  startedAt: "2026-03-29T12:51:09.336Z",
};

interface Setup {
  readonly out: FakeStream;
  readonly err: FakeStream;
  readonly screen: Screen;
  readonly view: ProgressView;
  readonly clock: { ms: number };
}

async function setup(
  size: { columns: number; rows: number } | undefined,
  options: { show?: "auto" | "none"; summaries?: Summaries } = {},
): Promise<Setup> {
  const out = new FakeStream();
  const err = new FakeStream(size);
  const screen = new Screen(out, err);
  const clock = { ms: 0 };
  const view = new ProgressView({
    screen,
    show: options.show ?? "auto",
    summaries: options.summaries ?? "stdout",
    now: () => clock.ms,
  });
  await view.open();
  return { out, err, screen, view, clock };
}

function reportChunks(view: ProgressView, name: string): void {
  view.progress({
    exportName: name,
    rows: 1_100_000,
    bytes: 13_002_342,
    estimatedRows: null,
    chunks: { done: 11, total: 20 },
  });
}

Deno.test("a chunked export is one line with a bar, rates and the time left", async () => {
  const { err, view, clock } = await setup({ columns: 120, rows: 24 });
  view.started({ exportName: "orders", ...STARTED });
  reportChunks(view, "orders");
  clock.ms = 126_000;
  view.refresh();
  deepEqual(visibleLines(err.text), [
    "orders [===================>----------------] 11/20 chunks | 1.1M rows | 8.7K rows/s | " +
    "12.4 MB | 00:02:06 | ETA 1m 44s",
  ]);
  view.close();
});

Deno.test("rows count against an estimate, which never claims to be complete", async () => {
  const { err, view, clock } = await setup({ columns: 120, rows: 24 });
  view.started({ exportName: "events", ...STARTED });
  const progress = { exportName: "events", rows: 250, bytes: 10, chunks: null };
  clock.ms = 10_000;
  view.progress({ ...progress, estimatedRows: 1000 });
  view.refresh();
  match(
    visibleLines(err.text)[0],
    /~25% \| 250 rows \| 25 rows\/s \| 10 B \| 00:00:10 \| ETA 30s$/,
  );
  view.progress({ ...progress, rows: 5000, estimatedRows: 1000 });
  view.refresh();
  match(visibleLines(err.text)[0], /~99% \| 5.0K rows/);
  view.progress({ ...progress, estimatedRows: null });
  view.refresh();
  equal(visibleLines(err.text)[0], "events 250 rows | 25 rows/s | 10 B | 00:00:10");
  view.close();
});

Deno.test("a line never exceeds the terminal's width, also after it shrinks", async () => {
  const { err, view, clock } = await setup({ columns: 90, rows: 24 });
  view.started({ exportName: "orders", ...STARTED });
  reportChunks(view, "orders");
  clock.ms = 126_000;
  for (const columns of [90, 60, 25, 12]) {
    err.resize(columns);
    err.text = "";
    view.refresh();
    const [line] = visibleLines(err.text);
    ok([...line].length < columns, `${columns}: ${line}`);
    ok(line.startsWith("orders"), line);
  }
  view.close();
});

Deno.test("log lines and summaries stay above the live block, which is gone at the end", async () => {
  const size = { columns: 100, rows: 24 };
  const { err, screen, view, clock } = await setup(size, { summaries: "stderr" });
  view.started({ exportName: "orders", ...STARTED });
  view.started({ exportName: "events", ...STARTED });
  clock.ms = 1000;
  view.refresh();
  screen.line("WARN first");
  clock.ms = 2000;
  view.refresh();
  screen.line("WARN second");
  deepEqual(visibleLines(err.text), [
    "WARN first",
    "WARN second",
    "orders 0 rows | 0 B | 00:00:02",
    "events 0 rows | 0 B | 00:00:02",
  ]);
  view.finished(fakeSummary({ exportName: "orders" }));
  const shown = visibleLines(err.text);
  equal(shown[2], "── orders ──");
  equal(shown.at(-1), "events 0 rows | 0 B | 00:00:02");
  view.finished(fakeSummary({ exportName: "events" }));
  view.close();
  const final = visibleLines(err.text);
  equal(final.filter((line) => line.includes("00:00:02")).length, 0);
  equal(final.filter((line) => line.startsWith("── ")).length, 2);
});

Deno.test("without a terminal an export says where it is every ten seconds", async () => {
  const { out, err, view, clock } = await setup(undefined);
  view.started({ exportName: "orders", ...STARTED });
  reportChunks(view, "orders");
  for (let second = 1; second <= 25; second++) {
    clock.ms = second * 1000;
    view.refresh();
  }
  deepEqual(err.text.trimEnd().split("\n"), [
    "orders: 11/20 chunks, 1.1M rows, 110.0K rows/s, 12.4 MB, 00:00:10, ETA 9s",
    "orders: 11/20 chunks, 1.1M rows, 55.0K rows/s, 12.4 MB, 00:00:20, ETA 17s",
  ]);
  view.finished(fakeSummary());
  match(out.text, /^── orders ──\n {2}run_id:/);
  view.close();
});

Deno.test("--quiet shows no progress, only the result", async () => {
  for (const size of [undefined, { columns: 80, rows: 24 }]) {
    const { out, err, view, clock } = await setup(size, { show: "none" });
    view.started({ exportName: "orders", ...STARTED });
    clock.ms = 60_000;
    view.refresh();
    view.finished(fakeSummary());
    view.close();
    equal(err.text, "");
    match(out.text, /── orders ──/);
  }
});

Deno.test("the time left of a chunked run comes from its chunks where the estimate of rows is too low", async () => {
  const { err, view, clock } = await setup({ columns: 120, rows: 24 });
  view.started({ exportName: "orders", ...STARTED });
  const chunks = { done: 110, total: 330 };
  clock.ms = 10_000;
  view.progress({ exportName: "orders", rows: 990, bytes: 0, estimatedRows: 1000, chunks });
  view.refresh();
  match(visibleLines(err.text)[0], /110\/330 chunks .* ETA 20s$/);
  view.close();
});

Deno.test("chunks that an earlier run had done say nothing about the speed of this one", async () => {
  const { err, view, clock } = await setup({ columns: 120, rows: 24 });
  view.started({ exportName: "orders", ...STARTED });
  const chunks = { done: 48, total: 64, before: 32 };
  clock.ms = 10_000;
  view.progress({ exportName: "orders", rows: 100, bytes: 0, estimatedRows: null, chunks });
  view.refresh();
  match(visibleLines(err.text)[0], /48\/64 chunks .* ETA 10s$/);
  view.close();
});

Deno.test("where nothing is to be said, summaries are silent too", async () => {
  const { out, err, view } = await setup(undefined, { show: "none", summaries: "none" });
  view.started({ exportName: "orders", ...STARTED });
  view.finished(fakeSummary());
  equal(out.text + err.text, "");
  view.close();
});
