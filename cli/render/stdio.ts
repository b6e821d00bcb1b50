/** The process's own streams. */
import type { TextStream } from "./text_stream.ts";

/**
 * stdout or stderr, written through at once. A reader that went away (`rivet metrics | head`) ends the
 * output silently, as a closed pipe does for other tools.
 */
export function stdio(stream: typeof Deno.stdout | typeof Deno.stderr): TextStream {
  const encoder = new TextEncoder();
  const isTerminal = stream.isTerminal();
  let closed = false;
  return {
    isTerminal,
    size: () => (isTerminal ? terminalSize() : undefined),
    write(text) {
      let rest = encoder.encode(text);
      while (rest.length > 0 && !closed) {
        try {
          rest = rest.subarray(stream.writeSync(rest));
        } catch (error) {
          if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
          closed = true;
        }
      }
    },
  };
}

function terminalSize(): { columns: number; rows: number } | undefined {
  try {
    return Deno.consoleSize();
  } catch {
    // A terminal that does not tell its size, e.g. a serial line.
    return undefined;
  }
}
