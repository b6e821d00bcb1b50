/** The page indexes of a column chunk against the pages that were found. */
import type { FoundChunk, FoundPage, StoredChunk } from "./check_chunk.ts";
import { placeOf } from "./check_chunk.ts";
import { Damage, type Place } from "../damage.ts";
import { count, structs } from "./stored_file.ts";
import { ThriftReader, type ThriftStruct, type ThriftValue } from "./thrift.ts";

/** The indexes of a chunk, as they lie in the file. */
export interface StoredIndexes {
  readonly offset: Uint8Array | null;
  readonly column: Uint8Array | null;
}

/** @throws Damage */
export function checkIndexes(chunk: StoredChunk, found: FoundChunk, indexes: StoredIndexes): void {
  const place = placeOf(chunk);
  if (indexes.offset !== null && chunk.offsetIndex !== null) {
    const at = { ...place, offset: chunk.offsetIndex.start };
    checkOffsetIndex(chunk, found.pages, decoded(indexes.offset, "offset index", at), at);
  }
  if (indexes.column !== null && chunk.columnIndex !== null) {
    const at = { ...place, offset: chunk.columnIndex.start };
    checkColumnIndex(chunk, found.pages, decoded(indexes.column, "column index", at), at);
  }
  checkNulls(chunk, found.pages);
}

function decoded(bytes: Uint8Array, what: string, place: Place): ThriftStruct {
  const reader = new ThriftReader(bytes);
  try {
    const struct = reader.struct();
    if (reader.offset === bytes.length) return struct;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new Damage(`there is no ${what}`, place);
}

function checkOffsetIndex(
  chunk: StoredChunk,
  pages: readonly FoundPage[],
  index: ThriftStruct,
  place: Place,
): void {
  const locations = structs(index.get(1));
  if (locations.length !== pages.length) {
    throw new Damage(`the offset index lists ${locations.length} of ${pages.length} pages`, place);
  }
  let row = 0;
  let before = -1;
  for (const [p, location] of locations.entries()) {
    const { offset, bytes, values, rows } = pages[p];
    const at = { ...place, page: p };
    if (count(location, 1) !== offset || count(location, 2) !== bytes) {
      throw new Damage("the offset index has another place for it", at);
    }
    const first = count(location, 3);
    // Of values that repeat, only the pages themselves tell where a row begins.
    const known = !chunk.leaf.repeated || rows !== null;
    if (known ? first !== row : first <= before || first >= chunk.rows || (p === 0 && first > 0)) {
      throw new Damage("the offset index has another first row for it", at);
    }
    before = first;
    row += chunk.leaf.repeated ? rows ?? 0 : values;
  }
}

function checkColumnIndex(
  chunk: StoredChunk,
  pages: readonly FoundPage[],
  index: ThriftStruct,
  place: Place,
): void {
  const [nullPages, mins, maxes] = [1, 2, 3].map((field) => listOf(index.get(field)));
  const nullCounts = index.has(5) ? listOf(index.get(5)) : null;
  const lists = [nullPages, mins, maxes, ...(nullCounts === null ? [] : [nullCounts])];
  if (lists.some((list) => list.length !== pages.length)) {
    throw new Damage(`the column index is not of ${pages.length} pages`, place);
  }
  for (const [p, page] of pages.entries()) {
    const at = { ...place, page: p };
    const nulls = nullCounts === null ? null : Number(nullCounts[p]);
    if (nulls !== null && page.nulls !== null && nulls !== page.nulls) {
      throw new Damage(
        `the column index counts ${nulls} NULLs in it, its header ${page.nulls}`,
        at,
      );
    }
    if (page.nulls !== null && nullPages[p] === true && page.nulls !== page.values) {
      throw new Damage("the column index says that it holds nothing but NULL", at);
    }
    if (!chunk.own) continue;
    for (const [bound, stored] of [[page.min, mins[p]], [page.max, maxes[p]]] as const) {
      if (bound !== null && !(stored instanceof Uint8Array && equal(bound, stored))) {
        throw new Damage("the column index has other bounds for it than its header", at);
      }
    }
  }
}

function listOf(value: ThriftValue | undefined): readonly ThriftValue[] {
  return Array.isArray(value) ? value : [];
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function checkNulls(chunk: StoredChunk, pages: readonly FoundPage[]): void {
  if (chunk.nullCount === null || pages.some(({ nulls }) => nulls === null)) return;
  const nulls = pages.reduce((sum, page) => sum + (page.nulls ?? 0), 0);
  if (nulls === chunk.nullCount) return;
  throw new Damage(
    `its pages count ${nulls} NULLs, and the footer says ${chunk.nullCount}`,
    placeOf(chunk),
  );
}
