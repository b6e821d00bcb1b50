/** The one block below the cards of a run over several processes. */
import type { RunAggregate } from "../../core/report/summary.ts";
import { formatBytes, formatDuration } from "./format.ts";

/** Several lines without a final line end. */
export function renderRunSummary(run: RunAggregate): string {
  const { succeeded, failed, skipped, exports, rows, files, bytes, durationMs } = run;
  const counts = [`${succeeded} succeeded`, `${failed} failed`, `${skipped} skipped`]
    .filter((text) => !text.startsWith("0 "));
  const total = `${exports.length}${counts.length === 0 ? "" : ` (${counts.join(", ")})`}`;
  const fields: [string, string][] = [
    ["exports", total],
    ["rows", String(rows)],
    ["files", String(files)],
    ["bytes", formatBytes(bytes)],
    ["duration", formatDuration(durationMs)],
  ];
  const lines = fields.map(([label, value]) => `  ${`${label}:`.padEnd(12)} ${value}`);
  return ["── Run summary ──", ...lines].join("\n");
}
