/** The answers that come over a connection, one after another. */
import { ResponseCut } from "../request_errors.ts";
import {
  type AnswerHead,
  bodyEnd,
  type HttpAnswer,
  NotHttp,
  parseHead,
  SpeaksTls,
} from "./message.ts";

const READ_BYTES = 64 * 1024;
/** Of a head or a line; more than any server sends. */
const MAX_LINE_BYTES = 256 * 1024;
/** How a record begins in which a server complains of what was no TLS. */
const TLS_ALERT = 0x15;
const NOTHING: Uint8Array = new Uint8Array(0);
const LINE_END: Uint8Array = new TextEncoder().encode("\r\n");
const HEAD_END: Uint8Array = new TextEncoder().encode("\r\n\r\n");

export interface ReadAnswer extends HttpAnswer {
  /** The connection may carry another request. */
  readonly keepAlive: boolean;
}

export class AnswerReader {
  readonly #read: (into: Uint8Array) => Promise<number | null>;
  readonly #moved: () => void;
  /** Came, and belongs to what is read next. */
  #rest = NOTHING;
  /** Something of the answer that is waited for has come. */
  begun = false;

  constructor(read: (into: Uint8Array) => Promise<number | null>, moved: () => void) {
    this.#read = read;
    this.#moved = moved;
  }

  /** @throws ResponseCut when the connection ends before the answer does. */
  async answer(method: string): Promise<ReadAnswer> {
    let head = await this.#head();
    // An interim answer: the one that counts is still to come.
    while (head.status < 200) head = await this.#head();
    const { status, headers, keepAlive } = head;
    const end = bodyEnd(method, head);
    const bytes = await this.#body(end);
    return { status, headers, bytes, keepAlive: keepAlive && end.kind !== "close" };
  }

  #body(end: ReturnType<typeof bodyEnd>): Promise<Uint8Array> {
    switch (end.kind) {
      case "none":
        return Promise.resolve(NOTHING);
      case "length":
        return this.#exactly(end.length);
      case "chunked":
        return this.#chunked();
      case "close":
        return this.#untilEnd();
    }
  }

  async #head(): Promise<AnswerHead> {
    const text = new TextDecoder().decode(await this.#until(HEAD_END, "HTTP/"));
    return parseHead(text);
  }

  async #line(): Promise<string> {
    return new TextDecoder().decode(await this.#until(LINE_END));
  }

  /** What comes before `mark`, which is taken away. @param start how it has to begin. */
  async #until(mark: Uint8Array, start = ""): Promise<Uint8Array> {
    for (;;) {
      const end = indexOf(this.#rest, mark);
      if (end >= 0) {
        const bytes = this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + mark.length);
        return bytes;
      }
      const begin = new TextDecoder().decode(this.#rest.subarray(0, start.length));
      // Another protocol's answer may never come to the mark.
      if (!start.startsWith(begin) || this.#rest.length > MAX_LINE_BYTES) {
        if (this.#rest[0] === TLS_ALERT) throw new SpeaksTls();
        throw new NotHttp(new TextDecoder().decode(this.#rest));
      }
      if (!await this.#more()) throw new ResponseCut();
    }
  }

  async #exactly(length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0 && !await this.#more()) throw new ResponseCut();
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      pieces.push(piece);
      left -= piece.length;
    }
    return joined(pieces);
  }

  async #chunked(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const line = await this.#line();
      const size = /^([0-9a-f]+)\s*(?:;|$)/i.exec(line)?.[1];
      if (size === undefined) throw new NotHttp(line);
      const length = parseInt(size, 16);
      if (length === 0) break;
      chunks.push(await this.#exactly(length));
      await this.#line();
    }
    while (await this.#line() !== "");
    return joined(chunks);
  }

  async #untilEnd(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    do {
      pieces.push(this.#rest);
      this.#rest = NOTHING;
    } while (await this.#more());
    return joined(pieces);
  }

  /** Adds what came next to `#rest`; false at the connection's end. */
  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(READ_BYTES);
    const read = await this.#read(buffer);
    if (read === null) return false;
    this.begun = true;
    this.#moved();
    this.#rest = joined([this.#rest, buffer.subarray(0, read)]);
    return true;
  }
}

function indexOf(bytes: Uint8Array, mark: Uint8Array): number {
  for (let at = bytes.indexOf(mark[0]); at >= 0; at = bytes.indexOf(mark[0], at + 1)) {
    if (mark.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const filled = pieces.filter((piece) => piece.length > 0);
  if (filled.length <= 1) return filled[0] ?? NOTHING;
  const all = new Uint8Array(filled.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of filled) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
