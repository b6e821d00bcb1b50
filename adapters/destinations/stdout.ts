/** Standard output: bytes as they come, no commit point, nothing to list or verify afterwards. */
import { DestinationError } from "../../core/base/errors.ts";
import { errnoOf, fileError } from "../../core/base/file_error.ts";
import type { DestinationCapabilities, StreamDestination } from "../../core/ports/destination.ts";

/** The part of `Deno.stdout` that is used. */
export interface StdoutWriter {
  /** May write less than it is given. */
  writeSync(bytes: Uint8Array): number;
}

/** This process's standard output. */
export function openStdout(): Promise<StdoutDestination> {
  return Promise.resolve(new StdoutDestination());
}

export class StdoutDestination implements StreamDestination {
  readonly capabilities: DestinationCapabilities = {
    kind: "stdout",
    commit: "stream",
    retrySafe: false,
    md5: "none",
    pieces: null,
  };
  readonly uri = "stdout";
  readonly #out: StdoutWriter;

  constructor(out: StdoutWriter = Deno.stdout) {
    this.#out = out;
  }

  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) at += this.#out.writeSync(bytes.subarray(at));
    } catch (error) {
      if (errnoOf(error) !== "EPIPE") throw fileError(error, "write to", "stdout");
      throw new DestinationError(
        "DESTINATION_FAILED",
        "the program that reads stdout closed the pipe before the end",
        { hint: "What it has read is incomplete.", nativeCode: "EPIPE", cause: error },
      );
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
