/** The run report: `.rivet/runs/<run_id>/summary.{json,md}` beside the config (I8). */
import { join } from "node:path";
import { toJson } from "../base/json_text.ts";
import { makePrivateFolders, writePrivateFile } from "../base/private_files.ts";
import { printable } from "../base/printable.ts";
import { redact } from "../base/redact.ts";
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
  const folder = await makePrivateFolders(dir, ".rivet", "runs", summary.runId);
  const json = { ...summaryJson(summary), parts: parts.map(partJson) };
  await writePrivateFile(join(folder, "summary.json"), `${toJson(json)}\n`);
  const page = summaryMarkdown(summary, committedParts(parts));
  await writePrivateFile(join(folder, "summary.md"), printable(redact(page)));
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
