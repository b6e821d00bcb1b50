/** One export in a process of its own. */
import { ENGINE_FLAGS } from "../base/engine_flags.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { TextLineStream } from "./lines.ts";

export interface Child {
  readonly stdout: AsyncIterable<string>;
  readonly stderr: AsyncIterable<string>;
  /** In words: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Asks for a stop at a safe point. Idempotent. */
  stop(): void;
}

export type Launch = (args: readonly string[], exported: LoadedExport) => Child;

/** What a child is given; see `inheritance.ts`. */
export interface Inheritance {
  /** The URL of the entry: what it was asked for by may name another version by now. */
  readonly program: string;
  /** Permission flags; an executable has its own built in. */
  readonly flags: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** More processes than cores only wait for each other, and each of them holds a connection. */
export function childLimit(): number {
  return Math.max(2, navigator.hardwareConcurrency);
}

/** This program again. @param args of `rivet`. */
export function launchSelf(args: readonly string[], { program, flags, env }: Inheritance): Child {
  const self = Deno.build.standalone ? [] : ["run", ...ENGINE_FLAGS, ...flags, program];
  const process = new Deno.Command(Deno.execPath(), {
    args: [...self, ...args],
    clearEnv: true,
    env,
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
