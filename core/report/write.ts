/** The run report: `.rivet/runs/<run_id>/summary.{json,md}` beside the config (I8). */
import { join } from "node:path";
import { committedParts } from "../manifest/parts.ts";
import type { ExportSummary } from "./summary.ts";
import type { PartRecord } from "../manifest/parts.ts";
import { summaryJson } from "./json.ts";
import { summaryMarkdown } from "./markdown.ts";

/** @param dir the config's folder. Existing files of the run are replaced whole. */
export async function writeRunReport(
  dir: string,
  summary: ExportSummary,
  parts: readonly PartRecord[],
): Promise<void> {
  const folder = join(dir, ".rivet", "runs", summary.runId);
  await Deno.mkdir(folder, { recursive: true });
  const json = { ...summaryJson(summary), parts: parts.map(partJson) };
  await replace(join(folder, "summary.json"), `${JSON.stringify(json, null, 2)}\n`);
  await replace(join(folder, "summary.md"), summaryMarkdown(summary, committedParts(parts)));
}

function partJson(part: PartRecord): Record<string, unknown> {
  return {
    path: part.path,
    rows: part.rows,
    size_bytes: part.sizeBytes,
    content_fingerprint: part.fingerprint,
    content_md5: part.md5,
    chunk_index: part.chunkIndex,
    status: part.status ?? "committed",
  };
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, path);
}
