/** One export in a process of its own. */
import { TextLineStream } from "./lines.ts";

/** Set for a child: it prints events instead of summaries. */
export const EVENTS_ENV = "RIVET_IPC_EVENTS";
/**
 * Set to `stdin` for a child: the end of its standard input asks it to stop at a safe point. It works on
 * every platform, and when the parent dies; a signal from the terminal reaches the child as well and
 * must not count twice.
 */
export const STOP_ENV = "RIVET_IPC_STOP";

export interface Child {
  readonly stdout: AsyncIterable<string>;
  readonly stderr: AsyncIterable<string>;
  /** In words: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Asks for a stop at a safe point. Idempotent. */
  stop(): void;
}

export type Launch = (args: readonly string[]) => Child;

/** This program again. @param args of `rivet`. */
export function launchSelf(args: readonly string[]): Child {
  const self = Deno.build.standalone ? [] : ["run", "-A", Deno.mainModule];
  const process = new Deno.Command(Deno.execPath(), {
    args: [...self, ...args],
    env: { [EVENTS_ENV]: "1", [STOP_ENV]: "stdin" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stopped = false;
  return {
    stdout: lines(process.stdout),
    stderr: lines(process.stderr),
    ended: process.status.then(({ code, signal }) => signal ?? `exit code ${code}`),
    stop() {
      if (stopped) return;
      stopped = true;
      process.stdin.close().catch(() => {
        // It has ended by itself.
      });
    },
  };
}

function lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<string> {
  return stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
}

/** Aborts when the parent asks for a stop, or is gone. */
export async function onStopRequest(stop: () => void): Promise<void> {
  for await (const _ of Deno.stdin.readable) {
    // Nothing is ever written; only the end counts.
  }
  stop();
}
