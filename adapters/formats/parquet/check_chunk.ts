/** The pages of one column chunk as they lie in a file, one header after another. */
import { crc32 } from "node:zlib";
import type { ByteQueue } from "../byte_queue.ts";
import { Damage, type Place } from "../damage.ts";
import { PageType } from "./enums.ts";
import { count, optionalCount, type StoredLeaf, structOf } from "./stored_file.ts";
import { ThriftCut, ThriftReader, type ThriftStruct, type ThriftValue } from "./thrift.ts";

/** A column chunk, as the footer has it. */
export interface StoredChunk {
  readonly leaf: StoredLeaf;
  readonly column: string;
  readonly rowGroup: number;
  readonly rows: number;
  /** Of its first page. */
  readonly start: number;
  readonly length: number;
  readonly uncompressedBytes: number;
  readonly dataPageAt: number;
  readonly dictionaryAt: number | null;
  readonly numValues: number;
  readonly nullCount: number | null;
  /** Written by this program, in whatever version: what others may leave open, it does in one way. */
  readonly own: boolean;
  readonly offsetIndex: Region | null;
  readonly columnIndex: Region | null;
  readonly filter: Region | null;
}

/** [start, start + length) of a file. */
export interface Region {
  readonly start: number;
  readonly length: number;
}

/** A data page that was found. */
export interface FoundPage {
  readonly offset: number;
  /** Header included. */
  readonly bytes: number;
  readonly values: number;
  /** null: its header does not say. */
  readonly rows: number | null;
  readonly nulls: number | null;
  readonly min: Uint8Array | null;
  readonly max: Uint8Array | null;
}

/** The pages of a chunk, and whether each of them carries a checksum. */
export interface FoundChunk {
  readonly pages: readonly FoundPage[];
  readonly checksums: boolean;
}

/** First try of a header; most are smaller. */
const HEADER_BYTES = 256;
/** A larger one is none: statistics are cut to less. */
const MAX_HEADER_BYTES = 16 << 20;

/** Kinds of pages that others write. */
const INDEX_PAGE = 1;
const DATA_PAGE_V2 = 3;

/** A longer bound is not remembered. */
const MAX_BOUND_BYTES = 256;

interface Header {
  readonly fields: ThriftStruct;
  readonly bytes: number;
}

/** @param left of the chunk. */
async function peekHeader(queue: ByteQueue, left: number, place: Place): Promise<Header> {
  const most = Math.min(left, MAX_HEADER_BYTES);
  for (let length = Math.min(most, HEADER_BYTES);; length = Math.min(most, length * 4)) {
    const reader = new ThriftReader(await queue.peek(length));
    try {
      const fields = reader.struct();
      return { fields, bytes: reader.offset };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (error instanceof ThriftCut && length < most) continue;
      throw new Damage("there is no page header", place);
    }
  }
}

/** Goes through the chunk that the queue is at. @throws Damage */
export async function checkChunk(queue: ByteQueue, chunk: StoredChunk): Promise<FoundChunk> {
  const pages: FoundPage[] = [];
  const end = chunk.start + chunk.length;
  let checksums = true;
  let uncompressed = 0;
  while (queue.position < end) {
    const { page, size, checksum } = await checkPage(queue, chunk, pages.length);
    if (page !== null) pages.push(page);
    uncompressed += size;
    checksums &&= checksum;
  }
  checkTotals(chunk, pages, uncompressed);
  return { pages, checksums };
}

function checkTotals(chunk: StoredChunk, pages: readonly FoundPage[], uncompressed: number): void {
  const place = placeOf(chunk);
  const values = pages.reduce((sum, page) => sum + page.values, 0);
  if (values !== chunk.numValues) {
    throw new Damage(
      `its pages hold ${values} values, and the footer says ${chunk.numValues}`,
      place,
    );
  }
  if (!chunk.leaf.repeated && values !== chunk.rows) {
    throw new Damage(`it holds ${values} values for ${chunk.rows} rows`, place);
  }
  if (pages.length > 0 && pages.every(({ rows }) => rows !== null)) {
    const rows = pages.reduce((sum, page) => sum + (page.rows ?? 0), 0);
    if (rows !== chunk.rows) {
      throw new Damage(`its pages hold ${rows} rows of ${chunk.rows}`, place);
    }
  }
  if (chunk.own && uncompressed !== chunk.uncompressedBytes) {
    throw new Damage(
      `its pages unpack to ${uncompressed} bytes, and the footer says ${chunk.uncompressedBytes}`,
      place,
    );
  }
}

/** For what is found of the chunk as a whole. */
export function placeOf(chunk: StoredChunk): Place {
  return { column: chunk.column, row_group: chunk.rowGroup };
}

interface CheckedPage {
  /** null: it is no data page. */
  readonly page: FoundPage | null;
  /** Header included. */
  readonly size: number;
  readonly checksum: boolean;
}

async function checkPage(
  queue: ByteQueue,
  chunk: StoredChunk,
  dataPages: number,
): Promise<CheckedPage> {
  const offset = queue.position;
  const end = chunk.start + chunk.length;
  const first = offset === chunk.start;
  const dictionary = first && chunk.dictionaryAt !== null;
  const unnamed: Place = { ...placeOf(chunk), page: dictionary ? "dictionary" : dataPages, offset };
  const header = await peekHeader(queue, end - offset, unnamed);
  const { fields } = header;
  const kind = count(fields, 1);
  const isDictionary = kind === PageType.DICTIONARY_PAGE;
  const place: Place = isDictionary ? { ...unnamed, page: "dictionary" } : unnamed;
  const [uncompressed, compressed] = [optionalCount(fields, 2), optionalCount(fields, 3)];
  if (uncompressed === null || compressed === null || uncompressed < 0 || compressed < 0) {
    throw new Damage("its header has no sizes", place);
  }
  checkOrder({ kind, first, dataPages }, chunk, place);
  const bytes = header.bytes + compressed;
  if (offset + bytes > end) {
    throw new Damage(`it would end at byte ${offset + bytes}, its column chunk at ${end}`, place);
  }
  const expected = optionalCount(fields, 4);
  await queue.take(header.bytes);
  await takeBody(queue, compressed, expected, place);
  const size = header.bytes + uncompressed;
  const checksum = expected !== null;
  return { page: dataPage(fields, kind, { offset, bytes }, place), size, checksum };
}

/** A dictionary comes first, and data pages begin where the footer says. */
function checkOrder(
  page: { readonly kind: number; readonly first: boolean; readonly dataPages: number },
  chunk: StoredChunk,
  place: Place,
): void {
  const { kind, first, dataPages } = page;
  const isDictionary = kind === PageType.DICTIONARY_PAGE;
  if (isDictionary && !first) throw new Damage("a dictionary behind other pages", place);
  if (first && chunk.dictionaryAt !== null && !isDictionary) {
    throw new Damage("the footer says that a dictionary begins here", place);
  }
  const isData = kind === PageType.DATA_PAGE || kind === DATA_PAGE_V2;
  if (!isData && !isDictionary && kind !== INDEX_PAGE) {
    throw new Damage(`its header is of kind ${kind}, which there is none of`, place);
  }
  if (
    isData && dataPages === 0 && chunk.dictionaryAt !== null && place.offset !== chunk.dataPageAt
  ) {
    throw new Damage(`the footer says that data begins at byte ${chunk.dataPageAt}`, place);
  }
}

async function takeBody(
  queue: ByteQueue,
  length: number,
  expected: number | null,
  place: Place,
): Promise<void> {
  let crc = 0;
  const taken = await queue.take(length, (bytes) => {
    if (expected !== null) crc = crc32(bytes, crc);
  });
  if (taken < length) throw new Damage(`the file ends ${length - taken} bytes early`, place);
  if (expected !== null && (crc | 0) !== expected) {
    throw new Damage("its bytes are not those of its checksum", place);
  }
}

function dataPage(
  fields: ThriftStruct,
  kind: number,
  at: { readonly offset: number; readonly bytes: number },
  place: Place,
): FoundPage | null {
  if (kind !== PageType.DATA_PAGE && kind !== DATA_PAGE_V2) return null;
  const isFirst = kind === PageType.DATA_PAGE;
  const own = structOf(fields, isFirst ? 5 : 8);
  const values = optionalCount(own, 1);
  if (values === null || values < 0) throw new Damage("its header counts no values", place);
  const statistics = structOf(own, isFirst ? 5 : 8);
  return {
    ...at,
    values,
    rows: isFirst ? null : count(own, 3),
    nulls: isFirst ? optionalCount(statistics, 3) : count(own, 2),
    max: boundOf(statistics?.get(5)),
    min: boundOf(statistics?.get(6)),
  };
}

/** A copy: what it was read from is to be let go. */
function boundOf(value: ThriftValue | undefined): Uint8Array | null {
  return value instanceof Uint8Array && value.length <= MAX_BOUND_BYTES ? value.slice() : null;
}
