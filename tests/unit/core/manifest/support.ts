/** A run's parts at a destination in memory or on disk, and the manifest that lists them. */
import { equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { LocalDestination } from "../../../../adapters/destinations/local.ts";
import { loadedExport } from "../../../support/exports.ts";
import { MemoryDestination } from "../../../support/memory_destination.ts";
import type { LoadedExport } from "../../../../core/config/loaded.ts";
import type { OpenDestination } from "../../../support/destinations.ts";
import type { FileRecord, RunMetric, RunOrder } from "../../../../core/ports/state.ts";
import { fingerprintOf } from "../../../../core/base/fingerprint.ts";
import type { PartRecord } from "../../../../core/manifest/parts.ts";
import { buildManifest } from "../../../../core/manifest/build_manifest.ts";
import type { Manifest, ManifestStatus } from "../../../../core/manifest/manifest.ts";

export const RUN = "orders_20260329T125109.336";
export const LATER = "orders_20260330T000000.000";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export async function withMemory(body: (d: MemoryDestination) => Promise<void>): Promise<void> {
  const destination = new MemoryDestination();
  try {
    await body(destination);
  } finally {
    await destination.close();
  }
}

export async function withLocal(
  body: (d: LocalDestination, root: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "rivet-verify-" });
  const destination = new LocalDestination({ root });
  try {
    await body(destination, root);
  } finally {
    await destination.close();
    await Deno.remove(root, { recursive: true });
  }
}

/** Puts a part and returns its record. */
export async function put(
  destination: OpenDestination,
  path: string,
  text: string,
  fields: Partial<PartRecord> = {},
): Promise<PartRecord> {
  const md5 = createHash("md5").update(text).digest("base64");
  const file = join(await destination.stagingDir(), crypto.randomUUID());
  await Deno.writeTextFile(file, text);
  equal(await destination.put({ file, md5 }, path), "stored");
  const fingerprint = await fingerprintOf(bytes(text));
  const sizeBytes = bytes(text).length;
  return { path, rows: 10, sizeBytes, fingerprint, md5, chunkIndex: null, ...fields };
}

/** Puts a part where somebody has taken away the one that was there. */
export function overwrite(
  destination: MemoryDestination,
  path: string,
  text: string,
): Promise<PartRecord> {
  destination.remove(path);
  return put(destination, path, text);
}

export function exportOf(
  name: string,
  fields: { path?: string; verify?: "size" | "content"; table?: string } = {},
): LoadedExport {
  const { path = "/out", verify = "size", table } = fields;
  const what = table === undefined ? { query: "select 1" } : { table };
  return loadedExport({ name, ...what, verify, destination: { type: "local", path } });
}

export function manifestOf(
  destination: OpenDestination,
  parts: readonly PartRecord[],
  fields: {
    runId?: string;
    exportName?: string;
    status?: ManifestStatus;
    table?: string;
    order?: RunOrder;
  } = {},
): Promise<Manifest> {
  const exportName = fields.exportName ?? "orders";
  return buildManifest({
    runId: fields.runId ?? RUN,
    exported: exportOf(exportName, { table: fields.table }),
    engine: "postgres",
    destination,
    startedAt: new Date("2026-03-29T12:51:09.336Z"),
    finishedAt: new Date("2026-03-29T12:51:12.536Z"),
    status: fields.status ?? "success",
    columns: [
      {
        name: "id",
        type: { kind: "int", bits: 64, signed: true },
        nativeType: "int8",
        nullable: false,
        fidelity: "exact",
      },
    ],
    parts,
    order: fields.order ?? { sequence: 1, previousRunId: null },
  });
}

export function fileRecord(part: PartRecord, runId: string, destination: string): FileRecord {
  return {
    runId,
    exportName: "orders",
    fileName: part.path,
    destination,
    rows: part.rows,
    sizeBytes: part.sizeBytes,
    fingerprint: part.fingerprint,
    md5: part.md5,
    format: "parquet",
    compression: "zstd",
    chunkIndex: part.chunkIndex,
    createdAt: "2026-03-29T12:51:12.536Z",
  };
}

export function stateOf(
  files: readonly FileRecord[] = [],
  metrics: readonly Pick<RunMetric, "runId" | "status">[] = [],
): { files: () => Promise<FileRecord[]>; metrics: () => Promise<RunMetric[]> } {
  return {
    files: () => Promise.resolve([...files]),
    metrics: () => Promise.resolve(metrics as RunMetric[]),
  };
}

export async function keys(destination: OpenDestination, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of destination.list(prefix)) found.push(key);
  return found;
}

export async function text(destination: OpenDestination, key: string): Promise<string | null> {
  const body = await destination.read(key);
  return body === null ? null : new TextDecoder().decode(body);
}
