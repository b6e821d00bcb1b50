/** `rivet report` over a real state: what the page says, what it must not hold, and how large it grows. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { DOMParser } from "linkedom";
import { executeReport, type ReportArgs } from "../../../cli/report.ts";
import { LIMITS } from "../../../core/report/history_report.ts";
import type { SqlConnection } from "../../../state/connection.ts";
import { openSqlite } from "../../../state/open.ts";
import { connectSqlite } from "../../../state/sqlite/connection.ts";
import { createStore } from "../../../state/store.ts";
import { fillHistory, type HistorySize } from "../../support/history.ts";
import { fakeConfig, fakeContext, FakeStream } from "./fakes.ts";

const HOSTILE = `<img src=x onerror="alert(1)"><script>alert(2)</script>&amp;'"`;

const ARGS: ReportArgs = {
  command: "report",
  config: "rivet.yaml",
  ...{ export: undefined, run: undefined, since: undefined, output: undefined },
  open: false,
  json: false,
};

const SIZE: HistorySize = {
  exports: ["orders", HOSTILE, "events"],
  runs: 120,
  from: new Date("2026-10-20T00:00:00Z"),
  everyMs: 6 * 3_600_000,
};

interface Place {
  readonly dir: string;
  /** Of the newest run in chunks. */
  readonly runId: string;
  /** How many rows each statement gave. */
  readonly answers: number[];
  /** @returns what went to stdout. */
  report(args: Partial<ReportArgs>): Promise<string>;
}

/** Counts what statements give. */
function counting(db: SqlConnection, answers: number[]): SqlConnection {
  return {
    ...db,
    async all(sql, parameters) {
      const rows = await db.all(sql, parameters);
      answers.push(rows.length);
      return rows;
    },
  };
}

async function withHistory(
  size: HistorySize | null,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-report-" });
  const path = join(dir, ".rivet_state.db");
  await (await openSqlite(path)).close();
  const db = await connectSqlite(path);
  try {
    const runId = size === null ? "" : await fillHistory(db, size);
    const answers: number[] = [];
    const store = createStore(counting(db, answers));
    const report = async (args: Partial<ReportArgs>) => {
      const out = new FakeStream();
      const config = fakeConfig("orders", "events");
      await executeReport({ ...ARGS, ...args }, fakeContext({ config, state: store, out }));
      return out.text;
    };
    await body({ dir, runId, answers, report });
  } finally {
    await db.close();
    await Deno.remove(dir, { recursive: true });
  }
}

const page = (text: string) => new DOMParser().parseFromString(text, "text/html");

Deno.test("report: the page is a file of its user's, and says what it is of", () =>
  withHistory(SIZE, async ({ dir, report }) => {
    const path = join(dir, "out", "page.html");
    equal(await report({ output: path }), `${path}: 120 runs of 3 exports\n`);
    if (Deno.build.os !== "windows") equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    const document = page(await Deno.readTextFile(path));
    const headings = [...document.querySelectorAll("h2")].map((h) => h.textContent);
    deepEqual(headings, [
      ...["Summary", "Exports", "Over time", "Runs of an export", "One run", "Source pressure"],
      ...["Drift and quality", "Progression"],
    ]);
    deepEqual(await Array.fromAsync(Deno.readDir(join(dir, "out")), ({ name }) => name), [
      "page.html",
    ]);
  }));

Deno.test("report: every chart has a name, axes with units, and its figures as a table", () =>
  withHistory(SIZE, async ({ report, runId }) => {
    const document = page(await report({ output: "-" }));
    const charts = [...document.querySelectorAll("figure")];
    // Over time 5, exports 2 each, the run's line of time, the load 2.
    equal(charts.length, 5 + 2 * 3 + 1 + 2);
    for (const chart of charts) {
      const drawings = [...chart.querySelectorAll("svg")];
      equal(drawings.length, 2, "for wide and for narrow screens");
      for (const svg of drawings) {
        equal(svg.getAttribute("role"), "img");
        ok((svg.getAttribute("aria-label") ?? "").length > 20);
        match(svg.textContent, /time \(UTC\)|since the first chunk began|oldest to newest/);
        match(svg.textContent, /runs|rows|[KMG]?B|seconds|minutes|percent|lane/);
      }
    }
    const captions = [...document.querySelectorAll("details caption")].map((c) => c.textContent);
    equal(captions.length, 4);
    const run = document.querySelector("#run")!;
    match(run.textContent, new RegExp(runId));
    const parts = [...run.querySelectorAll(":scope > .scroll tbody tr")]
      .map((row) => [...row.children].map((cell) => cell.textContent));
    deepEqual(parts.length, 25);
    deepEqual(parts[0].filter((_, i) => [0, 4, 5].includes(i)), [
      "orders_chunk2.parquet",
      "superseded",
      "orders_chunk2_8c1d02.parquet",
    ]);
    const chunks = [...run.querySelectorAll("details tbody tr")];
    equal(chunks.length, 24);
  }));

Deno.test("report: names and messages are text, whatever is in them, and nothing is loaded", () =>
  withHistory(SIZE, async ({ report }) => {
    const text = await report({ output: "-" });
    const document = page(text);
    const loading = [...document.querySelectorAll("script, img, iframe, link, object")];
    // Of elements themselves a failure would print the whole document.
    deepEqual(loading.map(({ tagName }) => tagName), []);
    for (const element of document.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        ok(!name.startsWith("on"), `${element.tagName} has ${name}`);
        if (name === "href") match(value, /^#/);
        ok(!["src", "srcset", "xlink:href"].includes(name), `${element.tagName} has ${name}`);
      }
    }
    ok([...document.querySelectorAll("th")].some((th) => th.textContent === HOSTILE));
    ok(document.querySelector("#exports")!.textContent.includes("alert(1)"));
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
    match(policy?.getAttribute("content") ?? "", /^default-src 'none'; style-src 'unsafe-inline'/);
    // Only names of things, no address that would be asked.
    deepEqual(text.match(/https?:\/\/(?!www\.w3\.org\/)\S+/g), null);
    equal(/@import|url\(/.test(text), false);
  }));

Deno.test("report: of one export, since a time, of one run", () =>
  withHistory(SIZE, async ({ report, runId }) => {
    const one = JSON.parse(await report({ json: true, export: "events" }));
    equal(one.totals.runs, 40);
    deepEqual([...new Set(one.runs.items.map((r: { export_name: string }) => r.export_name))], [
      "events",
    ]);
    const late = JSON.parse(await report({ json: true, since: "2026-11-10" }));
    equal(late.filter.since, "2026-11-10T00:00:00.000Z");
    equal(late.totals.first_at, "2026-11-10T00:00:00.000Z");
    equal(late.totals.runs, 120 - 21 * 4);
    equal(late.slots.unit, "day");
    const run = JSON.parse(await report({ json: true, run: runId.replace(/\.\d+$/, "") }));
    equal(run.run.run_id, runId);
    equal(run.run.chunks.length, 24);
    deepEqual(Object.keys(run.run.chunks[0].phases_ms), [
      ...["retry", "queue", "read", "rest", "encode", "put", "state"],
    ]);
    match(
      page(await report({ output: "-", since: "2026-11-10" })).querySelector("header")!.textContent,
      /since 2026-11-10/,
    );
  }));

Deno.test("report: what is not there is said", () =>
  withHistory(null, async ({ dir, report }) => {
    const path = join(dir, "page.html");
    match(await report({ output: path }), /page\.html: no runs recorded in .*rivet_state\.db\n$/);
    match(await Deno.readTextFile(path), /No runs recorded\./);
    await rejects(report({ export: "nope", output: "-" }), { code: "USAGE", message: /'nope'/ });
    await rejects(report({ run: "orders_1", output: "-" }), {
      code: "USAGE",
      message: /'orders_1'/,
    });
    await rejects(report({ since: "yesterday", output: "-" }), { code: "USAGE" });
    await rejects(report({ open: true, output: "-" }), { code: "USAGE", message: /--open/ });
    await rejects(report({ open: true, json: true }), { code: "USAGE", message: /--open/ });
    await rejects(report({ output: dir }), { code: "DESTINATION_UNWRITABLE" });
  }));

Deno.test("report: a page does not grow with the state, and says what it leaves out", () =>
  withHistory(
    {
      exports: Array.from({ length: LIMITS.exports + 50 }, (_, i) => `shop_table_${i}`),
      runs: 4200,
      from: new Date("2025-01-01T00:00:00Z"),
      everyMs: 3_600_000,
    },
    async ({ report, answers }) => {
      const text = await report({ output: "-" });
      ok(text.length < 5_000_000, `${text.length} bytes`);
      const largest = Math.max(...answers.filter((rows) => rows !== LIMITS.exports + 50));
      ok(largest <= Math.max(LIMITS.exports, LIMITS.progressions) + 1, `${largest} rows`);
      const said = [...page(text).querySelectorAll("p.soft")].map((p) => p.textContent).join("\n");
      match(said, /1,000 of 1,050 exports/);
      match(said, /8 of 1,050 exports/);
      match(said, /before the newest 100 are left out/);
    },
  ));
