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

/** Follows a file from its first byte; nothing of it is kept but the header. */
export class Records {
  readonly #expected: readonly string[] | null;
  #header: string[] = [];
  /** Of the header's field; null: it is complete. */
  #field: number[] | null = [];
  #state = START;
  #fields = 1;
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
    return this.#records - 1;
  }

  /** @throws Damage */
  add(block: Uint8Array): void {
    let at = 0;
    // The first record is the one whose fields are kept.
    while (this.#field !== null && at < block.length) {
      this.#field.push(block[at]);
      this.#byte(block[at++]);
    }
    while (at < block.length) {
      const byte = block[at];
      // What most bytes are, without a call.
      if (byte !== QUOTE && this.#state === QUOTED) this.#offset++;
      else if (this.#state === BARE && byte !== COMMA && byte !== LF && byte !== QUOTE) {
        this.#offset++;
      } else this.#byte(byte);
      at++;
    }
  }

  /** @throws Damage unless the last record has its end. */
  end(): void {
    if (this.#offset === 0) throw new Damage("it is empty");
    if (this.#recordAt === this.#offset) return;
    const quoted = this.#state === QUOTED ? " within a quoted field" : "";
    throw this.#damage(`the file ends in it${quoted}`);
  }

  #byte(byte: number): void {
    if (byte === COMMA && this.#state !== QUOTED) this.#endField();
    else if (byte === LF && this.#state !== QUOTED) this.#endRecord();
    else if (byte === QUOTE) this.#quote();
    else if (this.#state === CLOSED) throw this.#damage("text behind the quote that ends a field");
    else if (this.#state === START) this.#state = BARE;
    this.#offset++;
  }

  #quote(): void {
    if (this.#state === BARE) throw this.#damage("a quote within a field that has none around it");
    this.#state = this.#state === QUOTED ? CLOSED : QUOTED;
  }

  #endField(): void {
    this.#state = START;
    this.#fields++;
    this.#endName();
  }

  #endRecord(): void {
    this.#endName();
    if (this.#field !== null) this.#endHeader();
    if (this.#fields !== this.#header.length) {
      throw this.#damage(`it has ${this.#fields} fields of ${this.#header.length}`);
    }
    this.#state = START;
    this.#fields = 1;
    this.#records++;
    this.#recordAt = this.#offset + 1;
  }

  #endName(): void {
    if (this.#field === null) return;
    const text = new TextDecoder().decode(Uint8Array.from(this.#field.slice(0, -1)));
    this.#header.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
    this.#field = [];
  }

  #endHeader(): void {
    this.#field = null;
    const expected = this.#expected;
    if (expected === null) return;
    const header = this.#header;
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

  #damage(what: string): Damage {
    const record = this.#records === 0 ? "the header" : `record ${this.#records}`;
    const column = this.#header[this.#fields - 1] ?? null;
    const place = this.#field === null
      ? { column, offset: this.#offset }
      : { offset: this.#offset };
    return new Damage(`${record}: ${what}`, place);
  }
}
