/** A process that connects to a source and says how it ended: what the environment tells the runtime is read at its start. */
import { fileURLToPath } from "node:url";
import { sourceFactory } from "../../adapters/sources/mod.ts";
import type { SourceConfig } from "../../core/config/schema.ts";
import { resolveTuning } from "../../core/config/tuning.ts";
import { RivetError } from "../../core/base/errors.ts";
import { endOf } from "./pulse.ts";

/** `connected`, or the code of the error. */
export async function connectOnce(
  source: SourceConfig,
  env: Record<string, string>,
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", fileURLToPath(import.meta.url), JSON.stringify(source)],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr } = await endOf(child.spawn());
  const text = new TextDecoder();
  return text.decode(stdout).trim() || text.decode(stderr);
}

if (import.meta.main) {
  const source: SourceConfig = JSON.parse(Deno.args[0]);
  try {
    const factory = await sourceFactory(source.type);
    const tuning = resolveTuning({ profile: "fast" });
    const opened = await factory.connect({ source, tuning, applicationName: "rivet/once" });
    await opened.close();
    console.log("connected");
  } catch (error) {
    console.log(error instanceof RivetError ? error.code : String(error));
  }
  // As the tool does: what a driver keeps open does not keep the process.
  Deno.exit();
}
