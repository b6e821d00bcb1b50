/** Names that a run gives: its id, its files, its destination's placeholders (contracts section 2). */
import { pathStep } from "../base/path_names.ts";
import type { DestinationConfig } from "../config/schema.ts";

const two = (n: number) => String(n).padStart(2, "0");

function ymd(at: Date): string {
  return `${at.getUTCFullYear()}${two(at.getUTCMonth() + 1)}${two(at.getUTCDate())}`;
}

function hms(at: Date): string {
  return `${two(at.getUTCHours())}${two(at.getUTCMinutes())}${two(at.getUTCSeconds())}`;
}

/** `<export>_<YYYYMMDD>T<HHMMSS>.<mmm>` */
export function runId(exportName: string, at: Date): string {
  return `${pathStep(exportName)}_${ymd(at)}T${hms(at)}.${
    String(at.getUTCMilliseconds()).padStart(3, "0")
  }`;
}

const RUN_TIME = /^_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})\.(\d{3})$/;

/** When the run of this id began; null when it is no run id of the export. */
export function runTime(id: string, exportName: string): Date | null {
  if (!id.startsWith(exportName)) return null;
  const match = RUN_TIME.exec(id.slice(exportName.length));
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, ms] = match;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** What a part's name tells beside its export and time. */
export interface PartPlace {
  readonly chunkIndex: number | null;
  /** Number within its read, from 0; null when the read cannot be split. */
  readonly part: number | null;
  /** Random: lower case letters and digits. */
  readonly suffix?: string;
}

/** `<export>_<YYYYMMDD>_<HHMMSS>[_chunk<N>][_part<K>][_<suffix>].<ext>` */
export function partName(
  exportName: string,
  at: Date,
  place: PartPlace,
  extension: string,
): string {
  const chunk = place.chunkIndex === null ? "" : `_chunk${place.chunkIndex}`;
  const part = place.part === null ? "" : `_part${place.part}`;
  const suffix = place.suffix === undefined ? "" : `_${place.suffix}`;
  return `${pathStep(exportName)}_${ymd(at)}_${hms(at)}${chunk}${part}${suffix}.${extension}`;
}

/** Ends the names of parts that must be unlike all others. */
export function randomSuffix(): string {
  return crypto.randomUUID().slice(0, 8);
}

const PART_NAME =
  /^_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})(?:_chunk(\d+))?(?:_part\d+)?(?:_[0-9a-z]+)?\.([a-z]+)(?:\.[a-z]+)?$/;

/** What a part's name says; `at` has whole seconds. */
export interface NamedPart {
  readonly at: Date;
  readonly chunkIndex: number | null;
  /** The format's: without what a compressed file's name goes on with. */
  readonly extension: string;
}

/** Reads `partName` back, a repair's random suffix allowed; null when it is no part of the export. */
export function parsePartName(exportName: string, name: string): NamedPart | null {
  if (!name.startsWith(exportName)) return null;
  const match = PART_NAME.exec(name.slice(exportName.length));
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, chunk, extension] = match;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(at.getTime())) return null;
  return { at, chunkIndex: chunk === undefined ? null : Number(chunk), extension };
}

export interface PlaceholderValues {
  readonly exportName: string;
  readonly runId: string;
  readonly at: Date;
}

function fill(template: string, values: PlaceholderValues): string {
  const date = values.at.toISOString().slice(0, 10);
  return template
    .replaceAll("{date}", date)
    .replaceAll("{export}", () => pathStep(values.exportName))
    .replaceAll("{table}", () => pathStep(values.exportName))
    .replaceAll("{run_id}", () => pathStep(values.runId));
}

const PARTITION = "{partition}";

/** A template cut before the segment that names the partition. */
function splitAtPartition(template: string): { root: string; folder: string } {
  const at = template.indexOf(PARTITION);
  if (at < 0) return { root: template, folder: "" };
  const slash = template.lastIndexOf("/", at);
  const root = template.slice(0, Math.max(slash, 0));
  // "/{partition}" lies in the file system's root.
  return { root: slash === 0 ? "/" : root, folder: template.slice(slash + 1) };
}

/**
 * The destination with `{date}`, `{export}`, `{table}`, `{run_id}` filled in. One with `{partition}` ends
 * before it: its keys begin with `partFolder`, and the run's manifest covers all partitions.
 */
export function resolvePlaceholders(
  config: DestinationConfig,
  values: PlaceholderValues,
): DestinationConfig {
  switch (config.type) {
    case "local":
      return { ...config, path: splitAtPartition(fill(config.path, values)).root };
    case "s3":
    case "gcs":
    case "azure":
      return { ...config, prefix: splitAtPartition(fill(config.prefix, values)).root };
    case "stdout":
      return config;
  }
}

/** What the keys of a partition's parts begin with: "" without `{partition}`, else `.../` filled in. */
export function partFolder(
  config: DestinationConfig,
  values: PlaceholderValues,
  partition: string | undefined,
): string {
  if (partition === undefined || config.type === "stdout") return "";
  const template = config.type === "local" ? config.path : config.prefix;
  const { folder } = splitAtPartition(fill(template, values));
  const segments = folder.split("/").filter((segment) => segment !== "");
  return segments.map((segment) => `${segment.replaceAll(PARTITION, () => partition)}/`).join("");
}
