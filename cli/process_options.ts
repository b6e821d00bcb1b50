/** `--parallel-export-processes`: whether it applies, and the command line of a child. */
import type { LoadedConfig, LoadedExport } from "../core/config/loaded.ts";
import type { ProcessOptions } from "../core/processes/run_in_processes.ts";
import type { CommandContext } from "./services.ts";

/** One export needs no process of its own, and a child never starts further ones. */
export function usesProcesses(
  ctx: CommandContext,
  flag: boolean,
  config: LoadedConfig,
  exports: readonly LoadedExport[],
): boolean {
  const wanted = flag || config.config.parallel_export_processes === true;
  return wanted && exports.length > 1 && ctx.childEvents !== true;
}

export interface ChildRun {
  readonly config: string;
  readonly params: readonly (readonly [string, string])[];
  /** Further flags of `rivet run`. */
  readonly flags: readonly string[];
}

export function processOptions(ctx: CommandContext, child: ChildRun): ProcessOptions {
  const { quiet, verbose, logFormat } = ctx.globals;
  const common = [
    ...child.params.flatMap(([key, value]) => ["--param", `${key}=${value}`]),
    ...child.flags,
    ...(quiet ? ["--quiet"] : []),
    ...Array.from({ length: verbose }, () => "--verbose"),
    ...(logFormat === "text" ? [] : [`--log-format=${logFormat}`]),
  ];
  return {
    args: ({ exported, resume }) => [
      "run",
      `--config=${child.config}`,
      `--export=${exported.name}`,
      ...(resume ? ["--resume"] : []),
      ...common,
    ],
    onLog: (line) => ctx.screen.line(line),
  };
}

/** Each child waits for the runs of its own export. */
export function lockWaitFlags({ lockWait }: { readonly lockWait: number }): string[] {
  return lockWait === 0 ? [] : [`--lock-wait=${lockWait}`];
}
