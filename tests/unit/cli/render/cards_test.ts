import { deepEqual, equal, match } from "node:assert/strict";
import { CardsView } from "../../../../cli/render/cards.ts";
import { renderRunSummary } from "../../../../cli/render/run_summary.ts";
import { Screen } from "../../../../cli/render/screen.ts";
import { fakeAggregate, FakeStream, fakeSummary, visibleLines } from "../fakes.ts";

const STARTED = {
  mode: "chunked",
  profile: "balanced",
  batchSize: 1000,
  startedAt: "2026-03-29T12:51:09.336Z",
};

async function setup(rows: number, out = new FakeStream()) {
  const err = new FakeStream({ columns: 100, rows });
  const clock = { ms: 0 };
  const screen = new Screen(out, err);
  const view = new CardsView({ screen, exportNames: [], summaries: "stdout", now: () => clock.ms });
  await view.open();
  const start = (name: string) =>
    view.started({ exportName: name, runId: `${name}_1`, ...STARTED });
  return { out, err, view, clock, start };
}

Deno.test("a running export is a card", async () => {
  const { err, view, clock, start } = await setup(40);
  start("orders");
  clock.ms = 126_000;
  const chunks = { done: 11, total: 20 };
  view.progress({ exportName: "orders", rows: 1_100_000, bytes: 0, estimatedRows: null, chunks });
  view.refresh();
  const [title, ...lines] = visibleLines(err.text);
  equal(title, "── orders ".padEnd(56, "─"));
  deepEqual(lines.slice(0, 5), [
    "  run_id:    orders_1",
    "  status:    running",
    "  mode:      chunked",
    "  tuning:    profile=balanced",
    "  batch_size: 1,000",
  ]);
  match(lines[5], /^ {2}\[=+>-+\] 11\/20 chunks \| 1\.1M rows \| .*00:02:06 \| ETA 1m 44s$/);
  view.close();
  deepEqual(visibleLines(err.text), []);
});

Deno.test("a finished card stands where the running one stood, until all are done", async () => {
  const terminal = new FakeStream({ columns: 100, rows: 60 });
  const screen = new Screen(terminal, terminal);
  const view = new CardsView({ screen, exportNames: [], summaries: "stdout", now: () => 0 });
  await view.open();
  for (const name of ["a", "b"]) view.started({ exportName: name, runId: `${name}_1`, ...STARTED });
  const titles = () =>
    visibleLines(terminal.text).filter((l) => l.startsWith("──")).map((l) => l.slice(3, 4));
  view.finished(fakeSummary({ exportName: "a", rows: 7 }));
  deepEqual(titles(), ["a", "b"]);
  equal(
    visibleLines(terminal.text).filter((l) => l.includes("status:")).join(),
    "  status:      success,  status:    running",
  );
  view.finished(fakeSummary({ exportName: "b", status: "failed" }));
  view.close();
  deepEqual(titles(), ["a", "b"]);
  const final = visibleLines(terminal.text);
  equal(
    final.filter((l) => l.includes("rows:         7") || l.includes("rows:        7")).length,
    1,
  );
  equal(final.some((l) => l.includes("running")), false);
});

Deno.test("summaries that go to a file do not wait", async () => {
  const { out, view, start } = await setup(40);
  start("a");
  view.finished(fakeSummary({ exportName: "a" }));
  match(out.text, /^── a ──\n/);
  view.close();
  equal(out.text.match(/── a ──/g)?.length, 1);
});

Deno.test("more cards than the terminal is high: never a line too many, nothing printed twice", async () => {
  const terminal = new FakeStream({ columns: 80, rows: 12 });
  const view = new CardsView({
    screen: new Screen(terminal, terminal),
    exportNames: [],
    summaries: "stdout",
    now: () => 0,
  });
  await view.open();
  const names = Array.from({ length: 20 }, (_, i) => `export_${i}`);
  for (const name of names) {
    view.started({ exportName: name, runId: name, ...STARTED });
    terminal.text = "";
    view.refresh();
    equal(visibleLines(terminal.text).length < 12, true, name);
  }
  terminal.text = "";
  for (const name of names) view.finished(fakeSummary({ exportName: name }));
  view.close();
  for (const name of names) {
    equal(visibleLines(terminal.text).filter((l) => l === `── ${name} ──`).length, 1, name);
  }
});

Deno.test("the run summary counts once for the whole run", () => {
  const run = fakeAggregate(
    fakeSummary({ exportName: "a", rows: 5, files: 2, bytes: 1024 }),
    fakeSummary({ exportName: "b", status: "failed", rows: 0, files: 0, bytes: 0 }),
  );
  deepEqual(renderRunSummary(run).split("\n"), [
    "── Run summary ──",
    "  exports:     2 (1 succeeded, 1 failed)",
    "  rows:        5",
    "  files:       2",
    "  bytes:       1.0 KB",
    "  duration:    3.2s",
  ]);
});

Deno.test("an export that waits has a card, or is counted where there is no room", async () => {
  const exportNames = Array.from({ length: 9 }, (_, i) => `export_${i}`);
  const cards = async (rows: number) => {
    const terminal = new FakeStream({ columns: 80, rows });
    const screen = new Screen(terminal, terminal);
    const view = new CardsView({ screen, exportNames, summaries: "stdout", now: () => 0 });
    await view.open();
    view.started({ exportName: "export_0", runId: "r", ...STARTED });
    return { terminal, view };
  };
  const high = await cards(60);
  const waiting = () =>
    visibleLines(high.terminal.text).filter((line) => line === "  status:    waiting").length;
  equal(waiting(), 8);
  high.view.finished(fakeSummary({ exportName: "export_3", status: "failed" }));
  equal(waiting(), 7);
  high.view.close();
  equal(waiting(), 0);
  const low = await cards(12);
  deepEqual(visibleLines(low.terminal.text).slice(1), ["8 waiting"]);
  low.view.close();
});
