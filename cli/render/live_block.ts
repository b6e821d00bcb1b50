/** The lines at the bottom of a terminal that are drawn anew. */
import { Writable } from "node:stream";
import { createLogUpdate } from "log-update";
import type { TextStream } from "./text_stream.ts";

/** Called with the lines that replace those drawn last. */
export type LiveBlock = ReturnType<typeof createLogUpdate>;

/** A live block on `stream`, which is a terminal. */
export function liveBlock(stream: TextStream): LiveBlock {
  // The cursor stays visible: hiding it brings a SIGINT handler along that ends the process.
  return createLogUpdate(terminalStream(stream), { showCursor: true });
}

/** `TextStream` as what log-update writes to. */
function terminalStream(stream: TextStream): Writable {
  const writable = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      stream.write(String(chunk));
      done();
    },
  });
  return Object.defineProperties(writable, {
    isTTY: { get: () => stream.isTerminal },
    columns: { get: () => stream.size()?.columns },
    rows: { get: () => stream.size()?.rows },
  });
}
