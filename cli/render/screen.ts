/**
 * The two output streams as one place to write to, so that a live block at the bottom of the
 * terminal, log lines and results never run into each other. Results go to stdout, the rest to stderr.
 * Every text passes here without its secrets and control characters, so that no command has to think of it.
 */
import type { JsonText } from "../../core/base/json_text.ts";
import { printable } from "../../core/base/printable.ts";
import { redact } from "../../core/base/redact.ts";
import type { LiveBlock } from "./live_block.ts";
import type { TextStream } from "./text_stream.ts";

/**
 * Results go to stdout, everything else to stderr; text that is written passes above the live block.
 */
export class Screen {
  readonly #out: TextStream;
  readonly #err: TextStream;
  #live: LiveBlock | null = null;
  #block = "";

  constructor(out: TextStream, err: TextStream) {
    this.#out = out;
    this.#err = err;
  }

  /** Whether a live block can be drawn at all. */
  get interactive(): boolean {
    return this.#err.isTerminal;
  }

  /** Columns of the terminal that live blocks are drawn on. */
  get liveWidth(): number {
    return this.#err.size()?.columns ?? 80;
  }

  /** Lines of the terminal that live blocks are drawn on. */
  get liveHeight(): number {
    return this.#err.size()?.rows ?? 24;
  }

  /** Columns of the terminal that results go to; undefined when they go elsewhere. */
  get resultWidth(): number | undefined {
    return this.#out.isTerminal ? this.#out.size()?.columns : undefined;
  }

  /** Result text on stdout, ended by a newline. */
  result(text: string): void {
    this.styledResult(shown(text));
  }

  /** JSON on stdout, which a redaction of its text could break. */
  json(text: JsonText): void {
    this.styledResult(text);
  }

  /** Result text of Rivet's own, whose colours stay. */
  styledResult(text: string): void {
    this.#above(() => this.#out.write(`${text}\n`));
  }

  /** A line on stderr, above the live block. */
  line(text: string): void {
    this.styledLine(shown(text));
  }

  /** JSON on stderr. */
  jsonLine(text: JsonText): void {
    this.styledLine(text);
  }

  /** A line that is clean already, whose colours stay. */
  styledLine(text: string): void {
    this.#above(() => this.#err.write(`${text}\n`));
  }

  /** Makes `draw` work; loads the terminal code, which a command without progress does not need. */
  async startLive(): Promise<void> {
    if (!this.interactive || this.#live !== null) return;
    const { liveBlock }: typeof import("./live_block.ts") = await import(
      "./live_block.ts" as string
    );
    this.#live = liveBlock(this.#err);
  }

  /** Replaces the live block; no lines remove it. Nothing happens before `startLive`. */
  draw(lines: readonly string[]): void {
    this.#block = lines.map(shown).join("\n");
    if (this.#live === null) return;
    if (this.#block === "") this.#live.clear();
    else this.#live(this.#block);
  }

  #above(write: () => void): void {
    const block = this.#live === null ? "" : this.#block;
    if (block !== "") this.#live?.clear();
    write();
    if (block !== "") this.#live?.(block);
  }
}

function shown(text: string): string {
  return printable(redact(text));
}
