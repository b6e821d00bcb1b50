/** `docs/performance.md`: what `deno task bench` measured. */
import type { Figures } from "../../bench/measure.ts";
import type { BenchResults, Comparison } from "../../bench/results.ts";
import { table } from "./markdown.ts";

/** Between these two lines of the page is what was measured; the rest is written by hand. */
const BEGIN = "<!-- measured: written by `deno task docs` from `docs/performance.json`, which " +
  "`deno task bench --write` writes -->";
const END = "<!-- end of what was measured -->";

const count = (rows: number): string => rows.toLocaleString("en-US");

function comparisonTable({ lines, repeat, rows, title, different }: Comparison): string {
  const base = lines[0].seconds;
  const cells = lines.map((line) => [
    line.name,
    `${line.seconds.toFixed(2)} s`,
    (line.seconds / base).toFixed(2),
    line.cpuSeconds.toFixed(2),
    line.peakRssMb.toFixed(0),
    line.filesMb === null ? "" : line.filesMb.toFixed(1),
  ]);
  const other = Object.keys(different);
  const note = other.length === 0 ? "" : `\nOther rows were written by: ${other.join(", ")}.\n`;
  const heads = ["", "wall", "wall / first line", "CPU s", "peak RSS MB", "files MB"];
  return `### ${count(rows)} ${title}\n\nMedians of ${repeat} runs, all in turn.\n\n${
    table(heads, cells)
  }\n${note}`;
}

interface Target {
  readonly figure: string;
  readonly value: string | null;
  readonly aim: string;
}

function line(comparison: Comparison | undefined, name: string): Figures | undefined {
  return comparison?.lines.find((each) => each.name === name);
}

/** A figure of one line relative to one of another. */
function ratio(
  comparison: Comparison | undefined,
  [a, b]: readonly [string, string],
  of: (figures: Figures) => number | null,
): string | null {
  const [x, y] = [line(comparison, a), line(comparison, b)];
  const [p, q] = [x && of(x), y && of(y)];
  return p === undefined || p === null || q === undefined || q === null ? null : (p / q).toFixed(2);
}

const wall = (figures: Figures) => figures.seconds;

function bestRust(comparison: Comparison | undefined): string | null {
  const rust = comparison?.lines.filter(({ name }) => name.startsWith("rivet-cli")) ?? [];
  const ours =
    comparison?.lines.filter(({ name }) => name.startsWith("rivet:") && !name.endsWith("CSV")) ??
      [];
  if (rust.length === 0 || ours.length === 0) return null;
  return (Math.min(...rust.map(wall)) / Math.min(...ours.map(wall))).toFixed(2);
}

const RUST = "rivet-cli (Rust): full";

function cpuByRust(comparison: Comparison | undefined): string | null {
  return ratio(comparison, ["rivet: full", RUST], ({ cpuSeconds }) => cpuSeconds);
}

/** What is reached of what the tool is meant to reach, in the order of its importance. */
function targets({ comparisons, singles }: BenchResults): Target[] {
  const { orders, page_views, content_items, mysql, mssql } = comparisons;
  const COPY = orders?.lines[0].name ?? "";
  const client = mysql?.lines[0].name ?? "";
  const cpu = (comparison: Comparison | undefined) =>
    line(comparison, "rivet: full")?.cpuSeconds.toFixed(2) ?? null;
  const peak = [orders, page_views, content_items].map((c) => line(c, "rivet: full")?.peakRssMb);
  const known = peak.filter((mb) => mb !== undefined);
  const second = line(orders, "rivet: chunked, parallel 2")?.peakRssMb;
  const one = line(orders, "rivet: chunked")?.peakRssMb;
  const single = (name: string, digits: number): string | null =>
    singles[name]?.toFixed(digits) ?? null;
  const both = (a: string | null, b: string | null) =>
    a === null || b === null ? null : `${a}, ${b}`;
  return [
    {
      figure: "orders, one reader: wall / COPY",
      value: ratio(orders, ["rivet: full", COPY], wall),
      aim: "1.25",
    },
    { figure: "the same, CPU seconds", value: cpu(orders), aim: "2.2" },
    {
      figure: "parallel 2 against one reader, times faster",
      value: ratio(orders, ["rivet: chunked", "rivet: chunked, parallel 2"], wall),
      aim: "1.2",
    },
    {
      figure: "parallel 2, parallel 4 over a link of 20 ms against one reader, times faster",
      value: both(single("link_parallel_2", 2), single("link_parallel_4", 2)),
      aim: "1.5, 2.5",
    },
    {
      figure: "10,000 chunks of 10 rows: ms of one, all told",
      value: single("chunk_ms", 1),
      aim: "3",
    },
    { figure: "orders, times faster than rivet-cli's best", value: bestRust(orders), aim: "2" },
    { figure: "page views, CPU seconds", value: cpu(page_views), aim: "2.6" },
    {
      figure: "content items: wall / COPY",
      value: ratio(content_items, ["rivet: full", COPY], wall),
      aim: "1.5",
    },
    { figure: "the same, CPU seconds", value: cpu(content_items), aim: "2.0" },
    {
      // The aims in seconds, by what rivet-cli took on the machine and in the hour that they were set in.
      figure: "CPU by rivet-cli's of the same hour: orders, page views, content items",
      value: both(both(cpuByRust(orders), cpuByRust(page_views)), cpuByRust(content_items)),
      aim: "0.50, 0.49, 0.87",
    },
    {
      figure: "one row to Parquet, as installed: CPU s, RSS MB",
      value: both(single("bundle_one_row_cpu_s", 2), single("bundle_one_row_rss_mb", 0)),
      aim: "0.30, 95",
    },
    {
      figure: "the same, from the sources",
      value: both(single("one_row_cpu_s", 2), single("one_row_rss_mb", 0)),
      aim: "0.30, 95",
    },
    {
      figure: "`--version`, `--help`, as installed: CPU s",
      value: both(single("bundle_version_cpu_s", 2), single("bundle_help_cpu_s", 2)),
      aim: "0.09",
    },
    {
      figure: "MariaDB, orders: wall / `mariadb --quick`",
      value: ratio(mysql, ["rivet: full", client], wall),
      aim: "1.3",
    },
    {
      figure: "SQL Server double: wall / reading the bytes",
      value: ratio(mssql, ["rivet: full", mssql?.lines[0].name ?? ""], wall),
      aim: "1.3",
    },
    {
      figure: "peak RSS MB, one reader, the largest of the tables",
      value: known.length === 0 ? null : Math.max(...known).toFixed(0),
      aim: "150",
    },
    {
      figure: "peak RSS MB, a second reader more",
      value: second === undefined || one === undefined ? null : (second - one).toFixed(0),
      aim: "60",
    },
    {
      figure: "peak RSS MB: 1 M rows, 10 M rows, 20 exports of 1 M in one process",
      value: both(
        both(single("rss_1_mb", 0), single("rss_10_mb", 0)),
        single("rss_20_exports_mb", 0),
      ),
      aim: "+5 %",
    },
    {
      figure: "`query:` without a key, 900 rows of 1 MB: peak RSS MB",
      value: single("rss_wide_query_mb", 0),
      aim: "350",
    },
    {
      figure: "orders, files against rivet-cli's",
      value: ratio(orders, ["rivet: full", RUST], (f) => f.filesMb),
      aim: "0.75",
    },
    {
      figure: "with `row_hash`, with `reconcile: checksum`: wall / without",
      value: both(single("row_hash_ratio", 2), single("checksum_ratio", 2)),
      aim: "1.2",
    },
    {
      figure: "longest statement at the source, ms: PostgreSQL, MariaDB",
      value: both(single("longest_statement_ms", 0), single("mysql_longest_statement_ms", 0)),
      aim: "200, 1000",
    },
  ];
}

function measured(results: BenchResults): string {
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`);
  const rows = targets(results).map(({ figure, value, aim }) => [figure, value ?? "-", aim]);
  return `Measured on ${results.date}, ${results.machine}, server and tools on the same machine; ${
    versions.join(", ")
  }.

![wall and CPU time of each tool](performance.svg)

${Object.values(results.comparisons).map(comparisonTable).join("\n")}
## Reached and aimed at

${table(["figure", "reached", "aim"], rows)}`;
}

/** The page with its part of figures made anew. @param page as it is */
export function performancePage(page: string, results: BenchResults): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error("docs/performance.md has lost its marks");
  return `${before}${BEGIN}\n\n${measured(results)}\n\n${END}${after}`;
}
