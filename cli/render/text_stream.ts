/** What the screen writes to. */

/** An output stream; `write` returns when everything is written. */
export interface TextStream {
  readonly isTerminal: boolean;
  write(text: string): void;
  /** Of the terminal; undefined when there is none. */
  size(): { columns: number; rows: number } | undefined;
}
