/** What a Parquet file's footer says, decoded as far as it is read back. */
import { RivetError } from "../../../core/base/errors.ts";
import type { FileBytes } from "../../../core/base/file_bytes.ts";
import { Repetition } from "./enums.ts";
import { ThriftReader, type ThriftStruct, type ThriftValue } from "./thrift.ts";

const MAGIC = "PAR1";
/** Footer length and magic, the end of every file. */
const TAIL_BYTES = 8;
/** Fetched at once: the footer of most files, and the indexes before it. */
const GUESSED_BYTES = 64 << 10;

/** What makes a file none that was finished. */
export function invalidFile(why: string): RivetError {
  return new RivetError("VALIDATION_FAILED", `not a complete Parquet file: ${why}`);
}

/** A footer that was found. */
export interface StoredFooter {
  /** FileMetaData, undecoded. */
  readonly metadata: ThriftStruct;
  /** Where it begins. */
  readonly offset: number;
}

/** @throws RivetError VALIDATION_FAILED when the file has no whole footer. */
export async function readFooter(file: FileBytes): Promise<StoredFooter> {
  const { sizeBytes } = file;
  if (sizeBytes < TAIL_BYTES + MAGIC.length) throw invalidFile(`it has ${sizeBytes} bytes`);
  const guessed = await file.tail(GUESSED_BYTES);
  const tail = guessed.subarray(guessed.length - TAIL_BYTES);
  if (new TextDecoder().decode(tail.subarray(4)) !== MAGIC) {
    throw invalidFile(`it does not end in ${MAGIC}`);
  }
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  const offset = sizeBytes - TAIL_BYTES - length;
  if (offset < MAGIC.length) throw invalidFile(`a footer of ${length} bytes`);
  const bytes = await file.tail(TAIL_BYTES + length);
  try {
    return { metadata: new ThriftReader(bytes.subarray(0, length)).struct(), offset };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalidFile(`its footer cannot be read: ${error.message}`);
  }
}

/** The structs of a list; none where there is no list. */
export function structs(value: ThriftValue | undefined): ThriftStruct[] {
  return Array.isArray(value) ? value.filter((item) => item instanceof Map) : [];
}

/** An integer; 0 where there is none. */
export function count(struct: ThriftStruct | undefined, field: number): number {
  return optionalCount(struct, field) ?? 0;
}

/** An integer; null where there is none. */
export function optionalCount(struct: ThriftStruct | undefined, field: number): number | null {
  const value = struct?.get(field);
  return typeof value === "bigint" ? Number(value) : null;
}

/** A struct within another. */
export function structOf(
  struct: ThriftStruct | undefined,
  field: number,
): ThriftStruct | undefined {
  const value = struct?.get(field);
  return value instanceof Map ? value : undefined;
}

/** A name; empty where there is none. */
export function textOf(value: ThriftValue | undefined): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
}

/** ColumnMetaData.path_in_schema. */
export function pathOf(metadata: ThriftStruct | undefined): string[] {
  const path = metadata?.get(3);
  return Array.isArray(path) ? path.map(textOf) : [];
}

/** A column that holds values. */
export interface StoredLeaf {
  readonly path: readonly string[];
  /** A row may hold more than one value of it, or none. */
  readonly repeated: boolean;
  readonly element: ThriftStruct;
}

/** FileMetaData.schema's leaves, in their order. */
export function leavesOf(metadata: ThriftStruct): StoredLeaf[] {
  const elements = structs(metadata.get(2));
  const leaves: StoredLeaf[] = [];
  let at = 0;
  const walk = (path: readonly string[], repeated: boolean, isRoot: boolean) => {
    const element = elements[at++];
    if (element === undefined) throw invalidFile("its schema ends too early");
    const own = isRoot ? path : [...path, textOf(element.get(4))];
    const here = repeated || count(element, 3) === Repetition.REPEATED;
    const children = count(element, 5);
    if (children === 0 && !isRoot) leaves.push({ path: own, repeated: here, element });
    for (let child = 0; child < children; child++) walk(own, here, false);
  };
  if (elements.length > 0) walk([], false, true);
  if (at !== elements.length) throw invalidFile("its schema has more elements than it counts");
  return leaves;
}
