/** `rivet check`: examines exports before they run. Nothing is read from a table but the ends of an index. */
import { counted } from "../core/base/counted.ts";
import { constant, type InferValue, message, object, option, optional, text } from "@optique/core";
import { choice } from "@optique/core/valueparser";
import { RivetError } from "../core/base/errors.ts";
import { jsonLine } from "../core/base/json_text.ts";
import type { ExportCheck } from "../core/preflight/check_exports.ts";
import { checkFailure } from "./failure.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import { configOption, exportOption, paramsOption } from "./options.ts";
import { parameters } from "./params.ts";
import type { CommandContext } from "./services.ts";
import { TARGET_NAMES } from "./target_names.ts";

const options = object({
  command: constant("check"),
  config: configOption,
  export: exportOption,
  params: paramsOption,
  typeReport: option("--type-report", {
    description:
      message`Show what every column becomes: source type, Rivet type, Arrow type, fidelity.`,
  }),
  strict: option("--strict", {
    description:
      message`Exit 1 when a column is lossy, unsupported, or refused by the target. Implies --type-report.`,
  }),
  json: option("--json", {
    description:
      message`Print one JSON object per export and line, with its columns. Implies --type-report.`,
  }),
  destinations: option("--destinations", {
    description:
      message`Also ask every destination over the network, as a run does: a probe object is put there and removed.`,
  }),
  target: optional(
    option("--target", choice(TARGET_NAMES, { metavar: "WAREHOUSE" }), {
      description: [
        text(
          `Show what every column becomes in this warehouse: ${TARGET_NAMES.join(", ")}. ` +
            "Default: the export's target. Implies --type-report.",
        ),
      ],
    }),
  ),
});

export type CheckArgs = InferValue<typeof options>;

export const checkCommand = defineCommand("check", options, {
  brief: "Examine exports before they run.",
  description: "Shows each export's strategy, row estimate, key range, scan type, verdict, the " +
    "recommended profile and parallelism, warnings and suggestions, from EXPLAIN and the catalog: " +
    "no table is scanned. Exits 1 when a run of an export would fail: a table or column that is not there, a " +
    "variable that is not set, a file of credentials that is missing, a folder that cannot be written to.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet check -c rivet.yaml", "every export"],
    ["rivet check -c rivet.yaml -e orders --type-report", "its columns too"],
    ["rivet check -c rivet.yaml --type-report --target bigquery --strict", "a gate for CI"],
    ["rivet check -c rivet.yaml --destinations", "would the buckets take the files, too?"],
    ["rivet check -c rivet.yaml --json | jq 'select(.verdict == \"UNSAFE\")'", "for scripts"],
  ],
});

/** @throws RivetError CHECK_FAILED, or as the run would be refused; after everything is printed. */
export async function executeCheck(args: CheckArgs, ctx: CommandContext): Promise<void> {
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const types = args.typeReport || args.strict || args.json || args.target !== undefined;
  const checks = await ctx.services.checkExports({
    config,
    exportName: args.export ?? null,
    types,
    destinations: args.destinations,
    signal: ctx.interruptSignal(),
  });
  const [{ typeReport }, { checkJson, renderCheck }] = await Promise.all([
    import("../core/preflight/type_report.ts" as string) as Promise<
      typeof import("../core/preflight/type_report.ts")
    >,
    import("./render/check.ts" as string) as Promise<typeof import("./render/check.ts")>,
  ]);
  const targets = checks.map(({ exported }) => args.target ?? exported.config.target ?? null);
  const reports = checks.map(({ columns }, i) =>
    columns === null ? null : typeReport(columns, targets[i])
  );
  if (args.json) {
    checks.forEach((c, i) => ctx.screen.json(jsonLine(checkJson(c, reports[i], targets[i]))));
  } else {
    const width = ctx.screen.resultWidth;
    const blocks = checks.map((c, i) => {
      // Without a report there is nothing that a target changes.
      const target = reports[i] === null ? args.target ?? null : targets[i];
      return renderCheck(c, reports[i], { target, width });
    });
    ctx.screen.result(blocks.join("\n\n"));
  }
  const unreadable = checks.every(({ errors }) =>
    errors.every((e) => e.code === "TYPE_UNSUPPORTED")
  );
  // Which columns they are says more than which exports.
  if (args.strict && unreadable) throwUnacceptable(checks, (i) => reports[i] ?? []);
  throwFailed(checks);
}

/** What a run would fail for is a failure here, whatever else was asked for. */
function throwFailed(checks: readonly ExportCheck[]): void {
  const failed = checks.filter(({ errors }) => errors.length > 0);
  if (failed.length === 0) return;
  const names = failed.map(({ exported }) => `'${exported.name}'`).join(", ");
  throw checkFailure(
    failed.flatMap(({ errors }) => errors.map(({ code }) => code)),
    `${failed.length} of ${counted(checks.length, "export")} would fail: ${names}`,
    "Each block above says why.",
  );
}

function throwUnacceptable(
  checks: readonly ExportCheck[],
  report: (index: number) => readonly { readonly column: string; readonly acceptable: boolean }[],
): void {
  const columns = checks.flatMap(({ exported }, i) =>
    report(i).filter((row) => !row.acceptable).map((row) => `${exported.name}.${row.column}`)
  );
  if (columns.length === 0) return;
  throw new RivetError(
    "CHECK_FAILED",
    `lossy or unsupported columns: ${columns.join(", ")}`,
    { hint: "Set columns: on the export, cast in the query, or leave --strict out." },
  );
}
