/**
 * One page: header, then the compressed body. Data pages are of version 1, the one every reader takes.
 * https://github.com/apache/parquet-format#data-pages
 */
import { crc32 } from "node:zlib";
import { ByteBuilder } from "../byte_builder.ts";
import type { Codec } from "./codecs.ts";
import { Encoding, PageType } from "./enums.ts";
import { appendLevels, bitWidth } from "./levels.ts";
import { PageBody } from "./page_body.ts";
import type { Leaf } from "./schema.ts";
import type { Levels } from "./shred.ts";
import { type Statistics, writeStatistics } from "./statistics.ts";
import { ThriftWriter } from "./thrift.ts";
import type { PageValues } from "./values.ts";

/** A page as it is written. */
export interface Page {
  /** Header and body: concatenated, the page. */
  readonly parts: readonly Uint8Array[];
  /** Header included. */
  readonly compressedBytes: number;
  /** Header included. */
  readonly uncompressedBytes: number;
}

/** Levels in a version 1 page: 4 bytes of length, then the hybrid. */
function appendCounted(levels: Uint8Array, max: number, body: PageBody): void {
  const lengthAt = body.length;
  body.append(NO_LENGTH);
  appendLevels(levels, bitWidth(max), body);
  body.setU32(lengthAt, body.length - lengthAt - NO_LENGTH.length);
}

const NO_LENGTH = new Uint8Array(4);

/** Of the body as it is stored, so that whoever reads it knows it for what was made. */
function writeChecksum(header: ThriftWriter, body: Uint8Array): void {
  header.i32(4, crc32(body) | 0);
}

function makePage(header: Uint8Array, body: Uint8Array, uncompressedBody: number): Page {
  return {
    parts: [header, body],
    compressedBytes: header.length + body.length,
    uncompressedBytes: header.length + uncompressedBody,
  };
}

const open = new PageBody();
/** Of a page whose values are not in the kernel. */
const joined = new ByteBuilder();

function pageBody(leaf: Leaf, levels: Levels, values: PageValues): Uint8Array {
  const outside = values.outside();
  if (leaf.maxDefinition === 0 && outside !== null) return outside;
  open.clear();
  if (leaf.maxRepetition > 0) {
    appendCounted(levels.repetition.subarray(0, levels.count), leaf.maxRepetition, open);
  }
  if (leaf.maxDefinition > 0) {
    appendCounted(levels.definition, leaf.maxDefinition, open);
  }
  if (outside === null) {
    values.appendTo(open);
    return open.written();
  }
  joined.clear();
  joined.append(open.written());
  joined.append(outside);
  return joined.written();
}

/** Encodes and compresses the page that `levels` and `values` hold. */
export function dataPage(
  leaf: Leaf,
  levels: Levels,
  values: PageValues,
  statistics: Statistics,
  codec: Codec,
): Page {
  const body = pageBody(leaf, levels, values);
  const compressed = codec.compress(body);
  const header = new ThriftWriter();
  header.i32(1, PageType.DATA_PAGE);
  header.i32(2, body.length);
  header.i32(3, compressed.length);
  writeChecksum(header, compressed);
  header.struct(5, (page) => {
    page.i32(1, leaf.maxDefinition > 0 ? levels.count : values.count);
    page.i32(2, values.encoding);
    page.i32(3, Encoding.RLE);
    page.i32(4, Encoding.RLE);
    page.struct(5, (writer) => writeStatistics(writer, statistics));
  });
  return makePage(header.finish(), compressed, body.length);
}

/** @param plain the dictionary's `size` entries, PLAIN. */
export function dictionaryPage(plain: Uint8Array, size: number, codec: Codec): Page {
  const compressed = codec.compress(plain);
  const header = new ThriftWriter();
  header.i32(1, PageType.DICTIONARY_PAGE);
  header.i32(2, plain.length);
  header.i32(3, compressed.length);
  writeChecksum(header, compressed);
  header.struct(7, (page) => {
    page.i32(1, size);
    page.i32(2, Encoding.PLAIN);
  });
  return makePage(header.finish(), compressed, plain.length);
}
