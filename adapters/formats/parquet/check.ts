/**
 * A Parquet file from its first byte to its last, as readers find their way through it: footer, then the pages of
 * every column chunk from the place that the footer names, then the indexes that others skip by. Values are not decoded:
 * a page's checksum tells that its bytes are those that were encoded.
 */
import { RivetError } from "../../../core/base/errors.ts";
import type { FileBytes } from "../../../core/base/file_bytes.ts";
import type { CheckedFile, ExpectedFile } from "../../../core/ports/format.ts";
import { ByteQueue } from "../byte_queue.ts";
import {
  checkChunk,
  type FoundChunk,
  placeOf,
  type Region,
  type StoredChunk,
} from "./check_chunk.ts";
import { checkIndexes } from "./check_indexes.ts";
import { Damage } from "../damage.ts";
import {
  count,
  leavesOf,
  optionalCount,
  pathOf,
  readFooter,
  type StoredFooter,
  type StoredLeaf,
  structOf,
  structs,
  textOf,
} from "./stored_file.ts";
import { ThriftReader, type ThriftStruct } from "./thrift.ts";

const MAGIC = "PAR1";

/** How the files of every version of this program name their maker. */
const OWN = "rivet version ";

/** As the format port has it. */
export async function check(file: FileBytes, expected: ExpectedFile): Promise<CheckedFile> {
  try {
    return { rows: await rowsOf(file, expected), problem: null };
  } catch (error) {
    return { rows: null, problem: problemOf(error).problem };
  }
}

function problemOf(error: unknown): Damage {
  if (error instanceof Damage) return error;
  if (error instanceof RivetError && error.code === "VALIDATION_FAILED") {
    return new Damage(error.message);
  }
  // A schema that goes down without an end.
  if (error instanceof RangeError) return new Damage(`its footer cannot be read: ${error.message}`);
  throw error;
}

async function rowsOf(file: FileBytes, expected: ExpectedFile): Promise<number> {
  const footer = await readFooter(file);
  const chunks = chunksOf(footer, expected);
  const queue = new ByteQueue(file.pieces());
  const magic = await queue.peek(MAGIC.length);
  if (new TextDecoder().decode(magic) !== MAGIC) {
    throw new Damage(`it does not begin with ${MAGIC}`);
  }
  await queue.take(MAGIC.length);
  const found = await walk(queue, chunks, footer.offset);
  for (const chunk of chunks) {
    const { pages = { pages: [], checksums: false }, offset = null, column = null } =
      found.get(chunk) ?? {};
    checkIndexes(chunk, pages, { offset, column });
  }
  await queue.take(file.sizeBytes - queue.position);
  return count(footer.metadata, 3);
}

/** What was found of a chunk on the way. */
interface Found {
  pages?: FoundChunk;
  offset?: Uint8Array;
  column?: Uint8Array;
}

interface Stop extends Region {
  readonly chunk: StoredChunk;
  readonly what: "pages" | "offset" | "column" | "filter";
}

const NAMES: Record<Stop["what"], string> = {
  pages: "pages",
  offset: "offset index",
  column: "column index",
  filter: "Bloom filter",
};

/** Goes through the file in the order of its bytes, which is not everyone's order of columns. */
async function walk(
  queue: ByteQueue,
  chunks: readonly StoredChunk[],
  end: number,
): Promise<Map<StoredChunk, Found>> {
  const found = new Map<StoredChunk, Found>(chunks.map((chunk) => [chunk, {}]));
  const stops = chunks.flatMap(stopsOf).sort((a, b) => a.start - b.start || a.length - b.length);
  for (const stop of stops) {
    const { chunk, start, length, what } = stop;
    const place = { ...placeOf(chunk), offset: start };
    if (start < queue.position || start + length > end || length < 0) {
      throw new Damage(
        `the footer has ${length} bytes of its ${NAMES[what]} where others lie`,
        place,
      );
    }
    await queue.take(start - queue.position);
    const own = found.get(chunk) as Found;
    if (what === "pages") {
      own.pages = await checkChunk(queue, chunk);
      continue;
    }
    const bytes = (await queue.peek(length)).slice();
    await queue.take(length);
    if (what === "filter") checkFilter(bytes, chunk, start);
    else own[what] = bytes;
  }
  return found;
}

function stopsOf(chunk: StoredChunk): Stop[] {
  const { start, length, offsetIndex, columnIndex, filter } = chunk;
  const stops: Stop[] = [{ chunk, what: "pages", start, length }];
  if (offsetIndex !== null) stops.push({ chunk, what: "offset", ...offsetIndex });
  if (columnIndex !== null) stops.push({ chunk, what: "column", ...columnIndex });
  if (filter !== null) stops.push({ chunk, what: "filter", ...filter });
  return stops;
}

/** BloomFilterHeader.numBytes, then so many bytes. */
function checkFilter(bytes: Uint8Array, chunk: StoredChunk, offset: number): void {
  const reader = new ThriftReader(bytes);
  try {
    if (count(reader.struct(), 1) === bytes.length - reader.offset) return;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new Damage("there is no Bloom filter", { ...placeOf(chunk), offset });
}

/** Of all row groups. */
function chunksOf({ metadata }: StoredFooter, expected: ExpectedFile): StoredChunk[] {
  const leaves = leavesOf(metadata);
  checkColumns(leaves, expected);
  const own = textOf(metadata.get(6)).startsWith(OWN);
  const groups = structs(metadata.get(4));
  const rows = groups.reduce((sum, group) => sum + count(group, 3), 0);
  if (rows !== count(metadata, 3)) {
    throw new Damage(`its row groups hold ${rows} rows of ${count(metadata, 3)}`);
  }
  return groups.flatMap((group, rowGroup) => {
    const columns = structs(group.get(1));
    if (columns.length !== leaves.length) {
      throw new Damage(`${columns.length} columns of ${leaves.length}`, { row_group: rowGroup });
    }
    return columns.map((column, c) => chunkOf(column, leaves[c], { group, rowGroup, own }));
  });
}

function checkColumns(leaves: readonly StoredLeaf[], { columns }: ExpectedFile): void {
  if (columns === null) return;
  const names = leaves.map(({ path }) => path[0]);
  const wrong = columns.findIndex((name, c) => names[c] !== name);
  if (wrong >= 0) {
    const found = wrong < names.length ? `"${names[wrong]}"` : "missing";
    throw new Damage(`column ${wrong + 1} is ${found} and not "${columns[wrong]}"`);
  }
  if (names.length > columns.length) {
    throw new Damage(`it has a column "${names[columns.length]}" more`);
  }
}

function chunkOf(
  column: ThriftStruct,
  leaf: StoredLeaf,
  in_: { readonly group: ThriftStruct; readonly rowGroup: number; readonly own: boolean },
): StoredChunk {
  const metadata = structOf(column, 3);
  const name = leaf.path.join(".");
  const { rowGroup, own } = in_;
  const place = { column: name, row_group: rowGroup };
  if (metadata === undefined) throw new Damage("the footer says nothing of it", place);
  if (pathOf(metadata).join(".") !== name) {
    throw new Damage(`its chunk is of "${pathOf(metadata).join(".")}"`, place);
  }
  const dataPageAt = count(metadata, 9);
  const dictionaryAt = optionalCount(metadata, 11);
  // Some write 0 for none.
  const hasDictionary = dictionaryAt !== null && dictionaryAt > 0;
  return {
    ...{ leaf, column: name, rowGroup, own },
    rows: count(in_.group, 3),
    start: hasDictionary ? Math.min(dictionaryAt, dataPageAt) : dataPageAt,
    length: count(metadata, 7),
    uncompressedBytes: count(metadata, 6),
    dataPageAt,
    dictionaryAt: hasDictionary ? dictionaryAt : null,
    numValues: count(metadata, 5),
    nullCount: optionalCount(structOf(metadata, 12), 3),
    offsetIndex: regionOf(column, 4, 5),
    columnIndex: regionOf(column, 6, 7),
    filter: regionOf(metadata, 14, 15),
  };
}

function regionOf(struct: ThriftStruct, offset: number, length: number): Region | null {
  const [start, bytes] = [optionalCount(struct, offset), optionalCount(struct, length)];
  return start === null || bytes === null ? null : { start, length: bytes };
}
