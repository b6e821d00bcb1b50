/**
 * M6: a folder without a manifest. What the file log remembers of its parts is compared; where the log
 * knows nothing, files of the export that are not empty are all that can be said. Always labelled.
 */
import type { LoadedExport } from "../config/loaded.ts";
import type { BoundDestination, ObjectInfo } from "../ports/destination.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { FileRecord, StateStore } from "../ports/state.ts";
import type { PartCheck } from "../manifest/read_part.ts";
import { parsePartName } from "../manifest/names.ts";
import { MANIFEST_COPIES, MANIFEST_KEY, QUARANTINE_FOLDER, SUCCESS_KEY } from "../manifest/keys.ts";
import {
  type ExportValidation,
  type Finding,
  PART_FINDINGS,
  partReport,
} from "./validation_report.ts";
import {
  coverageText,
  partCheck,
  partProblem,
  type PartVerdict,
  type Verification,
  verifyPart,
} from "../manifest/verify_parts.ts";

export interface LegacyFolder {
  readonly destination: BoundDestination;
  readonly state: () => Promise<Pick<StateStore, "files">>;
  readonly exported: LoadedExport;
  readonly runId: string | null;
  readonly format: "parquet" | "csv";
  readonly formats: Pick<Adapters, "format">;
  /** Parts are read, and gone through as a reader would. */
  readonly deep: boolean;
}

const AGAINST_LOG =
  "there is no manifest: the files are compared with the file log; completeness is not checked";
const PRESENCE_ONLY =
  "there is neither a manifest nor a file log: nothing is known but that these files are there";

export async function validateLegacy(folder: LegacyFolder): Promise<ExportValidation> {
  const { destination, exported } = folder;
  const objects = await partObjects(folder);
  const logged = await loggedFiles(folder);
  const verdicts = logged.length > 0
    ? await verifyLogged(folder, logged, objects)
    : folder.runId === null
    ? await verifyPresent(folder, [...objects.values()])
    : [];
  const findings = verdicts.flatMap((part) => {
    const message = partProblem(part);
    if (part.state === "verified" || message === null) return [];
    return [{ code: PART_FINDINGS[part.state], message }];
  });
  const empty = [...objects.values()].filter((object) => object.sizeBytes === 0).map((object) => ({
    code: "part_empty" as const,
    message: `${object.key} is empty`,
  }));
  const nothing = verdicts.length > 0 ? [] : [{
    code: "nothing_to_validate" as const,
    message: `there is neither a manifest nor a ${folder.format} file of export ` +
      `'${exported.name}' in ${destination.uri}` +
      (folder.runId === null ? "" : ` for run '${folder.runId}'`),
  }];
  const all = [...findings, ...empty, ...nothing, ...await strayMarker(destination)];
  const verification: Verification = { parts: verdicts, superseded: 0, quarantined: 0 };
  return {
    export_name: exported.name,
    run_id: logged[0]?.runId ?? folder.runId,
    status: all.length === 0 ? "pass" : "fail",
    legacy_run: true,
    destination: { kind: destination.capabilities.kind, uri: destination.uri },
    manifest: null,
    success_marker: "not_checked",
    row_count: logged.length === 0 ? null : logged.reduce((sum, file) => sum + file.rows, 0),
    coverage: logged.length > 0 ? coverageText(verification) : `${verdicts.length} present`,
    superseded: 0,
    quarantined: 0,
    parts: verdicts.map(partReport),
    findings: all,
    warnings: [logged.length > 0 ? AGAINST_LOG : PRESENCE_ONLY],
  };
}

/** `_SUCCESS` vouches for a manifest's parts; without any it says that all is well of nothing. */
async function strayMarker(destination: BoundDestination): Promise<Finding[]> {
  if (await destination.head(SUCCESS_KEY) === null) return [];
  if (await destination.head(MANIFEST_KEY) !== null) return [];
  for await (const { key } of destination.list(MANIFEST_COPIES)) {
    if (key.endsWith(".json")) return [];
  }
  return [{
    code: "manifest_missing",
    message: `there is a ${SUCCESS_KEY} and no manifest that it is of`,
  }];
}

/** The objects that are named as parts of the export in this format. */
async function partObjects(folder: LegacyFolder): Promise<Map<string, ObjectInfo>> {
  const { destination, exported, format } = folder;
  const objects = new Map<string, ObjectInfo>();
  const prefix = exported.partition === null ? `${exported.name}_` : "";
  for await (const object of destination.list(prefix)) {
    if (object.key.startsWith(`${QUARANTINE_FOLDER}/`)) continue;
    const name = object.key.slice(object.key.lastIndexOf("/") + 1);
    if (parsePartName(exported.name, name)?.extension === format) objects.set(object.key, object);
  }
  return objects;
}

/** What one run logged for this destination: the run that was asked for, else the last one. */
async function loggedFiles(folder: LegacyFolder): Promise<FileRecord[]> {
  const { destination, exported, runId, format } = folder;
  const state = await folder.state();
  const files = (await state.files({ exportName: exported.name }))
    .filter((file) => file.destination === destination.uri && file.format === format);
  const matching = runId === null
    ? files
    : files.filter((file) => file.runId === runId || file.runId.startsWith(`${runId}.`));
  return matching.filter((file) => file.runId === matching[0].runId);
}

async function verifyLogged(
  folder: LegacyFolder,
  logged: readonly FileRecord[],
  objects: ReadonlyMap<string, ObjectInfo>,
): Promise<PartVerdict[]> {
  const { destination, exported, deep } = folder;
  const content = exported.config.verify === "content";
  const verdicts: PartVerdict[] = [];
  for (const file of logged) {
    const part = {
      path: file.fileName,
      rows: file.rows,
      size_bytes: file.sizeBytes,
      content_md5: file.md5 === "" ? null : file.md5,
    };
    const check = checkOf(folder, file.compression);
    const verify = { content, deep, check };
    verdicts.push(await verifyPart(destination, part, objects.get(file.fileName), verify));
  }
  return verdicts;
}

/** Nothing is recorded to compare with: all that can be said is whether they are files of their format. */
async function verifyPresent(
  folder: LegacyFolder,
  objects: readonly ObjectInfo[],
): Promise<PartVerdict[]> {
  const verdicts: PartVerdict[] = [];
  for (const object of objects) {
    const { key, sizeBytes } = object;
    const verdict = { expectedBytes: null, foundBytes: sizeBytes, by: null };
    const part = { path: key, rows: null, size_bytes: sizeBytes, content_md5: null };
    const verify = { content: false, deep: true, check: checkOf(folder, compressionOf(key)) };
    verdicts.push({
      ...folder.deep && sizeBytes > 0
        ? await verifyPart(folder.destination, part, object, verify)
        : { path: key, state: "verified", problem: null },
      ...verdict,
    });
  }
  return verdicts;
}

function checkOf({ formats, format }: LegacyFolder, compression: string): PartCheck {
  return partCheck(formats, { format, compression, columns: null });
}

/** Of a file that is compressed as a whole. */
function compressionOf(key: string): string {
  return key.endsWith(".gz") ? "gzip" : key.endsWith(".zst") ? "zstd" : "none";
}
