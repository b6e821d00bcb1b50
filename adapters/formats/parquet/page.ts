/**
 * One page: header, then the compressed body. Data pages are of version 1, the one every reader takes.
 * https://github.com/apache/parquet-format#data-pages
 */
import { ByteBuilder } from "../byte_builder.ts";
import type { Codec } from "./codecs.ts";
import { Encoding, PageType } from "./enums.ts";
import { bitWidth, encodeHybrid } from "./levels.ts";
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
function appendLevels(levels: Uint8Array, count: number, max: number, body: ByteBuilder): void {
  const lengthAt = body.length;
  body.u32(0);
  encodeHybrid(levels, count, bitWidth(max), body);
  body.view.setUint32(lengthAt, body.length - lengthAt - 4, true);
}

function makePage(header: Uint8Array, body: Uint8Array, uncompressedBody: number): Page {
  return {
    parts: [header, body],
    compressedBytes: header.length + body.length,
    uncompressedBytes: header.length + uncompressedBody,
  };
}

const scratch = new ByteBuilder();

function pageBody(leaf: Leaf, levels: Levels, values: PageValues): Uint8Array {
  if (leaf.maxDefinition === 0 && values.encoded !== null) return values.encoded;
  scratch.clear();
  if (leaf.maxRepetition > 0) {
    appendLevels(levels.repetition, levels.count, leaf.maxRepetition, scratch);
  }
  if (leaf.maxDefinition > 0) {
    appendLevels(levels.definition, levels.count, leaf.maxDefinition, scratch);
  }
  values.appendTo(scratch);
  return scratch.written();
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
  header.struct(7, (page) => {
    page.i32(1, size);
    page.i32(2, Encoding.PLAIN);
  });
  return makePage(header.finish(), compressed, plain.length);
}
