/**
 * What libraries say for themselves: the program's streams are its own, so that goes to the log, at `debug`.
 * Libraries write through `console` and through the process's warnings; nothing of the program does.
 */
import process from "node:process";
import { format } from "node:util";
import { logger } from "./log.ts";

const METHODS = ["log", "info", "debug", "warn", "error", "trace"] as const;

/** For the thread that it is called in, until the thread ends. To be called before libraries are loaded. */
export function takeLibraryOutput(): void {
  for (const method of METHODS) {
    console[method] = (...args: unknown[]) => logger().debug(`a library says: ${format(...args)}`);
  }
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    logger().debug(`a library warns: ${name}: ${message}`);
  });
}
