/** Which columns an incremental export could follow, and which a chunked one could be cut by. */
import type { InspectedColumn, TableKey } from "../ports/source.ts";
import { formatType, type RivetType } from "../types/types.ts";

export type CursorReason =
  | "type_timestamp"
  | "type_date"
  | "type_integer"
  | "name_update_time"
  | "name_create_time"
  | "name_version"
  | "not_null"
  | "indexed"
  | "primary_key";

/** What a table offers, as far as its keys and cursors are concerned. */
export interface TableShape {
  readonly columns: readonly InspectedColumn[];
  /** Single-column unique NOT NULL keys, the primary key first. */
  readonly keys: readonly TableKey[];
  /** All columns of the primary key. */
  readonly primaryKey: readonly string[];
  readonly indexedColumns: readonly string[];
}

export interface CursorCandidate {
  readonly column: InspectedColumn;
  readonly isPrimaryKey: boolean;
  /** 0..100. */
  readonly score: number;
  readonly reasons: readonly CursorReason[];
}

export interface ChunkCandidate {
  readonly column: InspectedColumn;
  readonly isPrimaryKey: boolean;
  readonly integer: boolean;
  /** 0..100. */
  readonly score: number;
}

/**
 * An update time outweighs everything that a creation time can have: a cursor over creation times misses
 * every later change.
 */
const POINTS: Record<CursorReason, number> = {
  type_timestamp: 40,
  type_date: 20,
  type_integer: 30,
  name_update_time: 40,
  name_create_time: 10,
  name_version: 10,
  not_null: 15,
  indexed: 10,
  primary_key: 5,
};

const UPDATE_WORDS = ["updated", "update", "modified", "modify", "changed", "change", "mtime"];
const CREATE_WORDS = [
  "created",
  "create",
  "inserted",
  "insert",
  "added",
  "recorded",
  "logged",
  "received",
  "ingested",
  "occurred",
  "registered",
  "event",
  "ts",
  "timestamp",
];
const VERSION_WORDS = ["version", "seq", "sequence", "revision", "rowversion", "lsn"];

/** `lastUpdate`, `last_update` and `LAST-UPDATE` are the same words. */
function wordsOf(name: string): string[] {
  return name.replace(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase().split(/[^\p{L}\p{N}]+/u);
}

function has(name: string, words: readonly string[]): boolean {
  return wordsOf(name).some((word) => words.includes(word));
}

function typeReason({ kind }: RivetType): CursorReason | null {
  if (kind === "timestamp") return "type_timestamp";
  if (kind === "date") return "type_date";
  return kind === "int" ? "type_integer" : null;
}

function nameReason(name: string, type: CursorReason): CursorReason | null {
  if (type === "type_integer") return has(name, VERSION_WORDS) ? "name_version" : null;
  if (has(name, UPDATE_WORDS)) return "name_update_time";
  return has(name, CREATE_WORDS) ? "name_create_time" : null;
}

function cursorCandidate(shape: TableShape, column: InspectedColumn): CursorCandidate | null {
  const type = column.type === null ? null : typeReason(column.type);
  if (type === null) return null;
  const isKey = shape.keys.some((key) => key.column === column.name);
  const name = nameReason(column.name, type);
  // Any number that is neither a key nor a version counts something else.
  if (type === "type_integer" && !isKey && name === null) return null;
  const isPrimaryKey = shape.primaryKey.length === 1 && shape.primaryKey[0] === column.name;
  const reasons = [
    type,
    name,
    column.nullable ? null : "not_null" as const,
    isKey || shape.indexedColumns.includes(column.name) ? "indexed" as const : null,
    isPrimaryKey ? "primary_key" as const : null,
  ].filter((reason) => reason !== null);
  const score = reasons.reduce((sum, reason) => sum + POINTS[reason], 0);
  return { column, isPrimaryKey, score: Math.min(100, score), reasons };
}

/** The best first; equal ones in the order of the table. */
export function cursorCandidates(shape: TableShape): CursorCandidate[] {
  return shape.columns
    .map((column) => cursorCandidate(shape, column))
    .filter((candidate) => candidate !== null)
    .sort((a, b) => b.score - a.score);
}

/** A time that says when the row was written, not one of the row's own data (a birthday, a deadline). */
export function isWriteTime({ reasons }: CursorCandidate): boolean {
  return reasons.includes("name_update_time") || reasons.includes("name_create_time");
}

/** For a best cursor that can be NULL: the best write time of the same type that cannot. */
export function fallbackFor(
  best: CursorCandidate | undefined,
  candidates: readonly CursorCandidate[],
): string | null {
  if (best === undefined || best.column.type === null || !best.column.nullable) return null;
  const wanted = formatType(best.column.type);
  const sibling = candidates.find((candidate) => {
    const { nullable, type } = candidate.column;
    return !nullable && type !== null && formatType(type) === wanted && isWriteTime(candidate);
  });
  return sibling?.column.name ?? null;
}

/** Types that keyset pages can be compared by; see `chunk_by_key`. */
const KEY_KINDS: readonly RivetType["kind"][] = [
  "int",
  "decimal",
  "date",
  "timestamp",
  "text",
  "uuid",
];

/** The best first: the primary key, integers before other types. */
export function chunkCandidates({ columns, keys }: TableShape): ChunkCandidate[] {
  return keys.flatMap(({ column: name, integer, primary }) => {
    const column = columns.find((c) => c.name === name);
    if (column === undefined) return [];
    const kind = (column.type ?? column.refusal?.override)?.kind;
    if (kind === undefined || !KEY_KINDS.includes(kind)) return [];
    const score = (integer ? 60 : 30) + (primary ? 40 : 20);
    return [{ column, isPrimaryKey: primary, integer: integer && kind === "int", score }];
  }).sort((a, b) => b.score - a.score);
}
