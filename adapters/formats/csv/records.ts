/** The records of a CSV file as the encoder writes them, told apart as RFC 4180 does. */
import { Damage } from "../damage.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const LF = 0x0a;

/** Where in a field the next byte is. */
const START = 0;
const BARE = 1;
const QUOTED = 2;
/** Behind a quote that ends the field, unless another follows. */
const CLOSED = 3;

/** What is no record: of the byte that it is found at. */
const BEHIND_QUOTE = "text behind the quote that ends a field";
const QUOTE_WITHIN = "a quote within a field that has none around it";

/** Follows a file from its first byte; nothing of it is kept but the header. */
export class Records {
  readonly #expected: readonly string[] | null;
  /** Bytes of the header as far as they came; null: it is complete. */
  #head: number[] | null = [];
  #header: readonly string[] = [];
  #state = START;
  #fields = 1;
  /** Behind the header. */
  #records = 0;
  #offset = 0;
  /** Of the record that is open. */
  #recordAt = 0;

  /** @param expected the header; null: whatever it is. */
  constructor(expected: readonly string[] | null) {
    this.#expected = expected;
  }

  /** Without the header. */
  get rows(): number {
    return this.#records;
  }

  /** @throws Damage */
  add(block: Uint8Array): void {
    const from = this.#head === null ? 0 : this.#addHead(block, this.#head);
    const columns = this.#header.length;
    const before = this.#offset - from;
    let state = this.#state;
    let fields = this.#fields;
    for (let at = from; at < block.length; at++) {
      const byte = block[at];
      if (state === QUOTED) {
        if (byte === QUOTE) state = CLOSED;
      } else if (byte === COMMA) {
        state = START;
        fields++;
      } else if (byte === LF) {
        if (fields !== columns) throw this.#wrongFields(before + at, fields);
        state = START;
        fields = 1;
        this.#records++;
        this.#recordAt = before + at + 1;
      } else if (byte === QUOTE) {
        if (state === BARE) throw this.#damage(before + at, fields, QUOTE_WITHIN);
        state = QUOTED;
      } else if (state === START) {
        state = BARE;
      } else if (state === CLOSED) {
        throw this.#damage(before + at, fields, BEHIND_QUOTE);
      }
    }
    this.#state = state;
    this.#fields = fields;
    this.#offset = before + block.length;
  }

  /** @throws Damage unless the last record has its end. */
  end(): void {
    if (this.#offset === 0) throw new Damage("it is empty");
    if (this.#head === null && this.#recordAt === this.#offset) return;
    const quoted = this.#state === QUOTED ? " within a quoted field" : "";
    throw this.#damage(this.#offset, this.#fields, `the file ends in it${quoted}`);
  }

  /** @returns how much of the block is the header's. */
  #addHead(block: Uint8Array, head: number[]): number {
    for (let at = 0; at < block.length; at++) {
      head.push(block[at]);
      this.#offset++;
      if (block[at] === QUOTE) this.#state = this.#state === QUOTED ? CLOSED : QUOTED;
      if (block[at] !== LF || this.#state === QUOTED) continue;
      this.#endHeader(namesOf(new TextDecoder().decode(Uint8Array.from(head))));
      return at + 1;
    }
    return block.length;
  }

  #endHeader(header: readonly string[]): void {
    this.#head = null;
    this.#header = header;
    this.#state = START;
    this.#recordAt = this.#offset;
    const expected = this.#expected;
    if (expected === null) return;
    // Text that a spreadsheet would calculate may have an apostrophe before it.
    const wrong = expected.findIndex((name, c) => header[c] !== name && header[c] !== `'${name}`);
    if (wrong >= 0) {
      const found = wrong < header.length ? `"${header[wrong]}"` : "missing";
      throw new Damage(`column ${wrong + 1} is ${found} and not "${expected[wrong]}"`);
    }
    if (header.length > expected.length) {
      throw new Damage(`it has a column "${header[expected.length]}" more`);
    }
  }

  #wrongFields(offset: number, fields: number): Damage {
    return this.#damage(offset, fields, `it has ${fields} fields of ${this.#header.length}`);
  }

  #damage(offset: number, fields: number, what: string): Damage {
    if (this.#head !== null) return new Damage(`the header: ${what}`, { offset });
    const column = this.#header[fields - 1] ?? null;
    return new Damage(`record ${this.#records + 1}: ${what}`, { column, offset });
  }
}

/** Of a header with the line feed that ends it. */
function namesOf(header: string): string[] {
  const names = header.slice(0, -1).match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^",]*)(?=,|$)/g) ?? [];
  return names.map((name) => name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
}
