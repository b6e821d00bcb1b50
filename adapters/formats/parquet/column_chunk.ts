/** The column chunk of one leaf in the open row group: rows in, compressed pages held until it is closed. */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { discard } from "../../../core/batch/buffers.ts";
import { BloomFilterBuilder } from "./bloom_filter.ts";
import type { Codec } from "./codecs.ts";
import { Encoding, PhysicalType } from "./enums.ts";
import { dataPage, dictionaryPage, type Page } from "./page.ts";
import type { PageEntry } from "./page_index.ts";
import type { Leaf } from "./schema.ts";
import { Levels, type RunSink, shredRows } from "./shred.ts";
import { endWithin, plainBytes } from "./sizes.ts";
import { mergeStatistics, type Statistics } from "./statistics.ts";
import { directValues } from "./direct_values.ts";
import { DictionaryValues, type DirectValues, type Measure, type PageValues } from "./values.ts";

/** Rows per page that the page index was designed around: small enough to skip by, large enough to pack. */
const PAGE_ROWS = 20_000;
/** PLAIN bytes of a page; one larger value makes a larger page. */
const PAGE_BYTES = 1 << 20;
/** PLAIN bytes that the open pages of all columns may hold: those of many columns are smaller. */
const OPEN_BYTES = 32 << 20;
/** A smaller page is not worth its header and its entry in the indexes. */
const MIN_PAGE_BYTES = 64 << 10;
/** A dictionary must be worth it by then, or promise to be by the end of the page, or the chunk goes on without one. */
const DICTIONARY_TRIAL_VALUES = 4096;
/**
 * Of many columns, whose dictionaries on trial are in memory at one time, those go without whose first values hardly ever
 * repeat. With few columns values that come round after some thousand have a dictionary, too.
 */
const DICTIONARY_FIRST_VALUES = 1024;
/** Most chunks that go without a dictionary before one is tried again, where trial after trial has failed. */
const MAX_RESTING_CHUNKS = 7;
/** A larger dictionary is kept for the pages that use it, and the rest of the chunk goes without. */
const DICTIONARY_BYTES = 1 << 20;
/** Where pages are small, a dictionary is no larger than so many of them. */
const DICTIONARY_PAGES = 4;
/** Chunks that keep a form before others are tried again: a column's data is mostly of one kind. */
const CHUNKS_OF_FORM = 8;
/** What fewer values have shown holds for their chunk alone. */
const TELLING_VALUES = 1024;
/** What a page compresses to before one of its column has been seen. */
const ASSUMED_RATIO = 0.5;

/** A closed column chunk, its offsets still relative to its own start. */
export interface ColumnChunk {
  readonly leaf: Leaf;
  readonly parts: readonly Uint8Array[];
  /** Levels: values, NULLs, and NULL or empty lists. */
  readonly numValues: number;
  readonly dictionaryPageBytes: number;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly statistics: Statistics;
  /** Header and bits of its Bloom filter. */
  readonly bloomFilter: Uint8Array | null;
  readonly pages: readonly PageEntry[];
  /** Data pages by encoding. */
  readonly pageCounts: ReadonlyMap<Encoding, number>;
}

/** How the chunks of a column are written. */
export interface ChunkOptions {
  /** PLAIN where a dictionary does not pay, whatever would be smaller. */
  readonly plainOnly: boolean;
  readonly bloomFilter: boolean;
  /** PLAIN bytes of a page; see `pageBytes`. */
  readonly pageBytes: number;
}

/** How large the pages of a file with so many columns become. */
export function pageBytes(columns: number): number {
  return Math.min(PAGE_BYTES, Math.max(MIN_PAGE_BYTES, Math.floor(OPEN_BYTES / columns)));
}

/** Encodes one column of a row group into pages, with a dictionary as long as it pays. */
export class ColumnChunkWriter {
  readonly #leaf: Leaf;
  readonly #codec: Codec;
  readonly #levels = new Levels();
  readonly #direct: DirectValues;
  readonly #measure: Measure;
  readonly #pageBytes: number;
  /** After so many a trial may end early. */
  readonly #firstValues: number;
  /** Null once the chunk's next pages go without it. */
  #dictionary: DictionaryValues | null = null;
  /** The dictionary page's values, kept when the chunk went on without. */
  #usedDictionary: DictionaryValues | null = null;
  #onTrial = false;
  /** Whether the chunk has begun. */
  #begun = false;
  /** Chunks that still go without a trial, and how many will after the next one that fails. */
  #resting = 0;
  #nextRest = 1;
  /** For how many chunks, this one among them, the form of pages without a dictionary stands. */
  #formStands = 0;
  #pageRows = 0;
  #rows = 0;
  #parts: Uint8Array[] = [];
  #pages: PageEntry[] = [];
  #pageCounts = new Map<Encoding, number>();
  #numValues = 0;
  #compressedBytes = 0;
  #uncompressedBytes = 0;
  /** Of the last page, so that an estimate does not start anew with each chunk. */
  #ratio = ASSUMED_RATIO;
  #statistics: Statistics = { bounds: null, nullCount: 0 };
  readonly #bloomFilter: BloomFilterBuilder | null;
  readonly #sink: RunSink = (data, start, end) => {
    this.#values.add(data, start, end);
    this.#bloomFilter?.add(data, start, end);
  };

  constructor(leaf: Leaf, codec: Codec, { plainOnly, bloomFilter, pageBytes }: ChunkOptions) {
    this.#leaf = leaf;
    this.#pageBytes = pageBytes;
    this.#firstValues = pageBytes < PAGE_BYTES ? DICTIONARY_FIRST_VALUES : DICTIONARY_TRIAL_VALUES;
    this.#codec = codec;
    this.#direct = directValues(leaf, plainOnly, pageBytes);
    this.#bloomFilter = bloomFilter ? new BloomFilterBuilder(leaf) : null;
    this.#measure = (body) => {
      const compressed = codec.compress(body);
      const { length } = compressed;
      discard(compressed);
      return length;
    };
  }

  /** Bytes the chunk would have if it were closed now, the open page and the dictionary estimated. */
  get estimatedBytes(): number {
    const dictionary = this.#dictionary ?? this.#usedDictionary;
    const open = this.#values.byteLength + (dictionary?.dictionary.plainBytes ?? 0);
    // Without the dictionary when the trial ends, if that is less: an estimate does not fall.
    const least = this.#onTrial ? Math.min(open, this.#dictionary?.plainBytes ?? 0) : open;
    return this.#compressedBytes + least * this.#ratio;
  }

  /** Takes rows [from, to) of the column. */
  append(data: ColumnData, from: number, to: number): void {
    if (!this.#begun) this.#begin();
    let start = from;
    while (start < to) {
      let end = this.#stepEnd(data, start, to);
      if (end === start) {
        if (this.#pageRows > 0) {
          this.#sealPage();
          continue;
        }
        // A value above a page's size has the page to itself, and no business in a dictionary.
        this.#leaveDictionary();
        end = start + 1;
      }
      shredRows(this.#leaf, data, start, end, this.#levels, this.#sink);
      this.#pageRows += end - start;
      start = end;
      this.#reconsiderDictionary();
      if (this.#pageRows >= PAGE_ROWS || this.#openBytes >= this.#pageBytes) this.#sealPage();
    }
  }

  /** Copies what it still needs of the batches that it was given. */
  own(): void {
    this.#direct.own();
  }

  /** Ends the chunk and starts the next one, of the next row group. */
  close(): ColumnChunk {
    this.#sealPage();
    const dictionary = this.#dictionary ?? this.#usedDictionary;
    let dictionaryPageBytes = 0;
    if (dictionary !== null && this.#pageCounts.has(Encoding.RLE_DICTIONARY)) {
      const { plain, size } = dictionary.dictionary;
      const page = dictionaryPage(plain, size, this.#codec);
      dictionaryPageBytes = page.compressedBytes;
      this.#parts.unshift(...page.parts);
      this.#count(page);
    }
    dictionary?.free();
    const chunk: ColumnChunk = {
      leaf: this.#leaf,
      parts: this.#parts,
      numValues: this.#numValues,
      dictionaryPageBytes,
      compressedBytes: this.#compressedBytes,
      uncompressedBytes: this.#uncompressedBytes,
      statistics: this.#statistics,
      bloomFilter: this.#bloomFilter?.close() ?? null,
      pages: this.#pages.map((page) => ({ ...page, offset: page.offset + dictionaryPageBytes })),
      pageCounts: this.#pageCounts,
    };
    this.#reset();
    return chunk;
  }

  get #values(): PageValues {
    return this.#dictionary ?? this.#direct;
  }

  /** Of the page's values; on trial, what they will be without a dictionary. */
  get #openBytes(): number {
    return this.#onTrial ? this.#dictionary?.plainBytes ?? 0 : this.#values.byteLength;
  }

  /** How far the next step goes; `start` when the next row does not fit into the page. */
  #stepEnd(data: ColumnData, start: number, to: number): number {
    let end = Math.min(to, start + PAGE_ROWS - this.#pageRows);
    if (this.#dictionary !== null && this.#onTrial) {
      const first = this.#dictionary.count < this.#firstValues;
      end = Math.min(end, start + (first ? this.#firstValues : DICTIONARY_TRIAL_VALUES));
    }
    const held = this.#dictionary === null || this.#onTrial ? this.#openBytes : 0;
    return endWithin(
      start,
      end,
      this.#pageBytes - held,
      (until) => plainBytes(this.#leaf, data, start, until),
    );
  }

  #begin(): void {
    this.#begun = true;
    this.#formStands = Math.max(0, this.#formStands - 1);
    const bits = this.#leaf.physical === PhysicalType.BOOLEAN;
    this.#onTrial = !bits && this.#resting === 0;
    this.#resting = Math.max(0, this.#resting - 1);
    this.#dictionary = this.#onTrial ? new DictionaryValues(this.#leaf) : null;
  }

  /** Leaves the dictionary when the trial says that it does not pay, or when it has become too large. */
  #reconsiderDictionary(): void {
    const dictionary = this.#dictionary;
    if (dictionary !== null && this.#onTrial) {
      const { count } = dictionary;
      const enough = count >= DICTIONARY_TRIAL_VALUES;
      if (count >= this.#firstValues && dictionary.hopeless) this.#endTrial();
      else if (enough && (dictionary.pays || !dictionary.promises)) this.#endTrial();
    }
    const most = Math.min(DICTIONARY_BYTES, DICTIONARY_PAGES * this.#pageBytes);
    if ((this.#dictionary?.dictionary.plainBytes ?? 0) <= most) return;
    this.#sealPage();
    this.#leaveDictionary();
  }

  /** The next pages go without; a dictionary that pages use already is written for them. */
  #leaveDictionary(): void {
    this.#usedDictionary ??= this.#dictionary;
    this.#dictionary = null;
  }

  #endTrial(): void {
    const dictionary = this.#dictionary;
    if (!this.#onTrial || dictionary === null || dictionary.count === 0) return;
    this.#onTrial = false;
    if (dictionary.pays) {
      this.#nextRest = 1;
      return;
    }
    if (dictionary.count >= TELLING_VALUES) {
      this.#resting = this.#nextRest;
      this.#nextRest = Math.min(MAX_RESTING_CHUNKS, 2 * this.#nextRest + 1);
    }
    // No page used it yet: the trial ends at the latest with the first page that has a value.
    this.#direct.takeFrom(dictionary);
    dictionary.free();
    this.#dictionary = null;
  }

  #sealPage(): void {
    if (this.#pageRows === 0) return;
    this.#endTrial();
    const values = this.#values.count === 0 ? this.#direct : this.#values;
    if (values === this.#direct && values.count > 0 && this.#formStands === 0) {
      this.#direct.choose(this.#measure);
      this.#formStands = values.count < TELLING_VALUES ? 1 : CHUNKS_OF_FORM;
    }
    const bounds = this.#leaf.ids?.withoutBounds === true ? null : values.bounds();
    const statistics = { bounds, nullCount: this.#levels.nullCount };
    const page = dataPage(this.#leaf, this.#levels, values, statistics, this.#codec);
    this.#pages.push({
      statistics,
      valueCount: values.count,
      compressedBytes: page.compressedBytes,
      offset: this.#compressedBytes,
      firstRow: this.#rows,
    });
    this.#parts.push(...page.parts);
    this.#count(page);
    this.#ratio = page.compressedBytes / Math.max(page.uncompressedBytes, this.#values.byteLength);
    this.#numValues += this.#leaf.maxDefinition > 0 ? this.#levels.count : values.count;
    this.#pageCounts.set(values.encoding, (this.#pageCounts.get(values.encoding) ?? 0) + 1);
    this.#statistics = mergeStatistics(this.#leaf.order, this.#statistics, statistics);
    this.#rows += this.#pageRows;
    this.#pageRows = 0;
    this.#levels.clear();
    this.#values.clear();
  }

  #count(page: Page): void {
    this.#compressedBytes += page.compressedBytes;
    this.#uncompressedBytes += page.uncompressedBytes;
  }

  #reset(): void {
    this.#parts = [];
    this.#pages = [];
    this.#pageCounts = new Map();
    this.#rows = 0;
    this.#numValues = 0;
    this.#compressedBytes = 0;
    this.#uncompressedBytes = 0;
    this.#statistics = { bounds: null, nullCount: 0 };
    this.#begun = false;
    this.#dictionary = null;
    this.#usedDictionary = null;
  }
}
