/** `rivet state import`: goes on where the documented tool left off. */
import { constant, type InferValue, message, object, option, optional } from "@optique/core";
import { string } from "@optique/core/valueparser";
import { ConfigError, RivetError, StateError } from "../../core/base/errors.ts";
import { logger } from "../../core/base/log.ts";
import { selectExports } from "../../core/config/select.ts";
import type { NamedConfig } from "../../core/config/loaded.ts";
import type { ImportStep } from "../../core/import/plan_import.ts";
import type { ForeignState } from "../../core/ports/foreign_state.ts";
import type { OpenedReader } from "../../core/ports/state.ts";
import { defineCommand } from "../define.ts";
import { loadNames, withState } from "../load.ts";
import { configOption, exportOption, jsonOption } from "../options.ts";
import { importJson, toJson } from "../render/json.ts";
import { renderTable, type TableColumn } from "../render/table.ts";
import type { CommandContext, ForeignPlace } from "../services.ts";

const options = object({
  command: constant("state import"),
  config: configOption,
  from: optional(option("--from", string({ metavar: "DIR|URL" }), {
    description:
      message`The other tool's state: the folder with its .rivet_state.db, that file, or a PostgreSQL URL.`,
  })),
  fromEnv: optional(option("--from-env", string({ metavar: "VARIABLE" }), {
    description: message`The environment variable that holds it, for a URL with a password.`,
  })),
  export: exportOption,
  dryRun: option("--dry-run", {
    description:
      message`Only show what would be taken over, which is what happens without --execute.`,
  }),
  execute: option("--execute", { description: message`Take it over.` }),
  json: jsonOption,
});

type ImportArgs = InferValue<typeof options>;

/** `rivet state import`: its flags and help. */
export const importCommand = defineCommand("import", options, {
  brief: "Take over the state of the documented tool.",
  description:
    "Cursors, progression and file log of this config's exports, which then go on where the " +
    "other tool left off. Its state is only read. Without --execute nothing is written. Refused for an " +
    "export whose run has not ended there, that has several cursors, or that has another one here.",
  usage: "--config PATH (--from DIR|URL | --from-env VARIABLE) [OPTIONS]",
  examples: [
    ["rivet state import -c rivet.yaml --from ../old-project", "what would be taken over"],
    ["rivet state import -c rivet.yaml --from ../old-project --execute", "take it over"],
    ["rivet state import -c rivet.yaml --from-env OLD_STATE_URL --execute", "from PostgreSQL"],
  ],
});

const COLUMNS: readonly TableColumn[] = [
  { header: "EXPORT", minWidth: 17 },
  { header: "ACTION", minWidth: 7 },
  { header: "CURSOR", minWidth: 30 },
  { header: "COMMITTED", minWidth: 10 },
  { header: "FILES", align: "right" },
  { header: "WHY" },
];

/** Shows what is taken over. @throws ConfigError USAGE; StateError, also when an export is refused. */
export async function executeStateImport(args: ImportArgs, ctx: CommandContext): Promise<void> {
  if (args.dryRun && args.execute) {
    throw new ConfigError("--dry-run and --execute exclude each other", [], { code: "USAGE" });
  }
  const place = placeOf(args);
  const config = await loadNames(ctx, args.config);
  const only = args.export ?? null;
  selectExports(config, only);
  const foreign = await ctx.services.readForeignState(place);
  foreign.warnings.forEach((warning) => logger().warn(warning));
  const steps = args.execute
    ? await takeOver(ctx, config, foreign, only)
    : await lookAt(ctx, config, foreign, only);
  show(ctx, args, foreign, steps);
  const refused = steps.filter((step) => step.action === "refuse");
  if (refused.length === 0) return;
  const reasons = refused.map((step) => `export '${step.exportName}': ${step.reason}`);
  throw new StateError(
    "STATE_FOREIGN",
    `not taken over: ${reasons.join("; ")}`,
    args.execute ? { hint: "The others are taken over." } : {},
  );
}

function placeOf({ from, fromEnv }: ImportArgs): ForeignPlace {
  if (from !== undefined && fromEnv === undefined) return { from };
  if (from === undefined && fromEnv !== undefined) return { variable: fromEnv };
  throw new ConfigError("give either --from DIR|URL or --from-env VARIABLE", [], {
    code: "USAGE",
    hint: "See `rivet state import --help`.",
  });
}

async function takeOver(
  ctx: CommandContext,
  config: NamedConfig,
  foreign: ForeignState,
  only: string | null,
): Promise<ImportStep[]> {
  const { planImport }: typeof import("../../core/import/plan_import.ts") = await import(
    "../../core/import/plan_import.ts" as string
  );
  const { importState }: typeof import("../../core/import/import_state.ts") = await import(
    "../../core/import/import_state.ts" as string
  );
  return await withState(ctx, config, async (state) => {
    const steps = await planImport(foreign, config.exports, state, only);
    await importState(state, steps, ctx.interruptSignal());
    return steps;
  });
}

async function lookAt(
  ctx: CommandContext,
  config: NamedConfig,
  foreign: ForeignState,
  only: string | null,
): Promise<ImportStep[]> {
  const { planImport }: typeof import("../../core/import/plan_import.ts") = await import(
    "../../core/import/plan_import.ts" as string
  );
  const own = await readOwn(ctx, config);
  try {
    return await planImport(foreign, config.exports, own, only);
  } finally {
    await own?.close();
  }
}

/** null where the other tool's state still lies in the place of ours. */
async function readOwn(ctx: CommandContext, config: NamedConfig): Promise<OpenedReader | null> {
  try {
    return await ctx.services.readState(config);
  } catch (error) {
    if (!(error instanceof RivetError && error.code === "STATE_FOREIGN")) throw error;
    logger().warn(`${error.message}; --execute needs another place. ${error.hint ?? ""}`);
    return null;
  }
}

function show(
  ctx: CommandContext,
  args: ImportArgs,
  foreign: ForeignState,
  steps: readonly ImportStep[],
): void {
  for (const { exportName, notes } of steps) {
    notes.forEach((note) => logger().warn(`export '${exportName}': ${note}`));
  }
  if (args.json) return ctx.screen.json(toJson(importJson(foreign, steps, args.execute)));
  if (steps.length === 0) {
    return ctx.screen.result(`The state at ${foreign.location} holds nothing to take over.`);
  }
  const rows = steps.map((step) => [
    step.exportName,
    step.action,
    step.cursor?.cursor ?? "-",
    step.progression?.committedValue ?? "-",
    String(step.files.length),
    step.reason ?? "",
  ]);
  ctx.screen.result(renderTable(COLUMNS, rows, ctx.screen.resultWidth));
  if (ctx.globals.quiet || args.execute) return;
  if (steps.some((step) => step.action === "import")) {
    ctx.screen.line("Nothing was written. --execute takes it over.");
  }
}
