/** docs/performance.svg: wall time and CPU time of each tool on each table of PostgreSQL. */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { fileURLToPath } from "node:url";
import type { BenchResults } from "./results.ts";

const CHART = fileURLToPath(new URL("../docs/performance.svg", import.meta.url));

interface Bar {
  readonly table: string;
  readonly tool: string;
  readonly figure: string;
  readonly seconds: number;
  readonly ours: boolean;
}

function bars(results: BenchResults): Bar[] {
  const postgres = Object.entries(results.comparisons).filter(([name]) => !name.endsWith("sql"));
  return postgres.flatMap(([table, { lines }]) =>
    lines.flatMap(({ name, seconds, cpuSeconds }) => [
      { table, tool: name, figure: "wall", seconds, ours: name.startsWith("rivet:") },
      { table, tool: name, figure: "CPU", seconds: cpuSeconds, ours: name.startsWith("rivet:") },
    ])
  );
}

/** Draws what was measured. */
export async function writeChart(results: BenchResults): Promise<void> {
  const document = new DOMParser().parseFromString("<!DOCTYPE html><html></html>", "text/html");
  const data = bars(results);
  const svg = Plot.plot({
    document,
    width: 1100,
    height: 520,
    marginLeft: 200,
    marginRight: 60,
    x: { label: "seconds", grid: true },
    y: { label: null, domain: [...new Set(data.map((bar) => bar.tool))] },
    fx: { label: null },
    fy: { label: null, domain: ["wall", "CPU"] },
    color: { domain: [true, false], range: ["#c2410c", "#64748b"] },
    marks: [
      Plot.barX(data, { x: "seconds", y: "tool", fx: "table", fy: "figure", fill: "ours" }),
      Plot.text(data, {
        x: "seconds",
        y: "tool",
        fx: "table",
        fy: "figure",
        text: (bar: Bar) => bar.seconds.toFixed(1),
        textAnchor: "start",
        dx: 4,
      }),
      Plot.ruleX([0]),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("style", "background: white; color: #1f2937");
  await Deno.writeTextFile(CHART, svg.outerHTML + "\n");
}
