/** `rivet validate`: verifies what runs left at their destinations. The source is not queried. */
import { counted } from "../core/base/counted.ts";
import { constant, type InferValue, message, object, option, optional } from "@optique/core";
import { choice, string } from "@optique/core/valueparser";
import { selectExports } from "../core/config/select.ts";
import type { LoadedConfig, LoadedExport } from "../core/config/loaded.ts";
import { ConfigError, RivetError } from "../core/base/errors.ts";
import type { ValidateOptions } from "../core/validate/validate.ts";
import type { ValidationReport } from "../core/validate/validation_report.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import { configOption, exportOption, jsonOption, paramsOption } from "./options.ts";
import { parameters } from "./params.ts";
import { filePath } from "./path_value.ts";
import { toJson } from "./render/json.ts";
import { renderValidation } from "./render/validation.ts";
import type { CommandContext } from "./services.ts";
import { reserveFile } from "./result_file.ts";

const options = object({
  command: constant("validate"),
  config: configOption,
  export: exportOption,
  format: optional(
    option("--format", choice(["pretty", "json", "parquet", "csv"], { metavar: "FORMAT" }), {
      description:
        message`pretty (default) or json: how the report is printed. parquet or csv: which files are parts in a folder without a manifest, instead of the export's own format.`,
    }),
  ),
  json: jsonOption,
  output: optional(
    option("-o", "--output", filePath({ metavar: "PATH" }), {
      description: message`Write the report to this file as JSON.`,
    }),
  ),
  date: optional(
    option("--date", string({ metavar: "YYYY-MM-DD" }), {
      description: message`Look into the folder of this date for {date}, instead of today (UTC).`,
    }),
  ),
  runId: optional(
    option("--run-id", string({ metavar: "RUN_ID" }), {
      description: message`Validate this run instead of the last one.`,
    }),
  ),
  deep: option("--deep", {
    description:
      message`Read every part back, once, and go through it as a reader would: structure, checksums, counts.`,
  }),
  prefix: optional(
    option("--prefix", string({ metavar: "PREFIX" }), {
      description:
        message`Look into this folder (local path) or prefix (bucket), instead of the configured one.`,
    }),
  ),
  params: paramsOption,
});

export type ValidateArgs = InferValue<typeof options>;

export const validateCommand = defineCommand("validate", options, {
  brief: "Verify that destinations still hold what runs wrote.",
  description: "Compares each export's manifest with its destination: presence and size of every " +
    "part, MD5 where the store lists one, content where the export says verify: content. Nothing " +
    "is extracted, and neither the source is queried nor a store's parts are read, unless --deep asks " +
    "for it. Exits 1 when something is missing, differs or cannot be read.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet validate -c rivet.yaml -o verdict.json", "every last run"],
    ["rivet validate -c rivet.yaml -e orders --date 2026-05-01", "a day"],
    ["rivet validate -c rivet.yaml --deep", "every part, read back"],
    ["rivet validate -c rivet.yaml --run-id orders_20260521T120000 --json", "one run"],
  ],
});

/** @throws RivetError VALIDATION_FAILED, after the report is printed. */
export async function executeValidate(args: ValidateArgs, ctx: CommandContext): Promise<void> {
  checkFlags(args);
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const file = args.output === undefined ? null : await reserveFile(args.output);
  try {
    const report = await ctx.services.validateExports(config, {
      ...await validateOptions(args, config),
      signal: ctx.interruptSignal(),
    });
    const json = toJson(report);
    await file?.commit(`${json}\n`);
    const asJson = args.json || args.format === "json";
    if (asJson) ctx.screen.json(json);
    else ctx.screen.result(renderValidation(report));
    throwFailed(report);
  } finally {
    await file?.discard();
  }
}

function usage(text: string, hint: string): ConfigError {
  return new ConfigError(text, [], { code: "USAGE", hint });
}

function checkFlags(args: ValidateArgs): void {
  if (args.date !== undefined && !isDate(args.date)) {
    throw usage(`--date ${args.date} is not a date`, "Write it as YYYY-MM-DD.");
  }
  if (args.date !== undefined && (args.runId !== undefined || args.prefix !== undefined)) {
    const other = args.runId === undefined ? "--prefix" : "--run-id";
    throw usage(`--date and ${other} both name the folder`, "Give one of them.");
  }
}

function isDate(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(at.getTime()) &&
    at.toISOString().startsWith(text);
}

async function validateOptions(
  args: ValidateArgs,
  config: LoadedConfig,
): Promise<Omit<ValidateOptions, "signal">> {
  const { date = null, runId = null, prefix = null, format, deep } = args;
  return {
    exports: await selectedExports(args, config),
    format: format === "parquet" || format === "csv" ? format : null,
    date,
    runId,
    prefix,
    deep,
  };
}

/** A run id names its export; `--export` may say so again. */
async function selectedExports(
  { export: name, runId }: ValidateArgs,
  config: LoadedConfig,
): Promise<readonly LoadedExport[]> {
  if (name !== undefined) selectExports(config, name);
  const named = config.exports.filter((e) => name === undefined || e.name === name);
  if (runId === undefined) return named;
  const { timeOfRun }: typeof import("../core/validate/validate_place.ts") = await import(
    "../core/validate/validate_place.ts" as string
  );
  const owners = named.filter((e) => timeOfRun(runId, e.name) !== null);
  if (owners.length > 0) return owners;
  throw usage(
    `'${runId}' is no run of ${named.map((e) => `'${e.name}'`).join(", ")}`,
    "A run id is <export>_<YYYYMMDD>T<HHMMSS>.<mmm>; 'rivet metrics' lists them.",
  );
}

function throwFailed(report: ValidationReport): void {
  const failed = report.exports.filter((e) => e.status === "fail");
  if (failed.length === 0) return;
  const unasked = failed.every((e) => e.findings.every((f) => f.code === "destination_failed"));
  const names = failed.map((e) => `'${e.export_name}'`).join(", ");
  throw new RivetError(
    "VALIDATION_FAILED",
    `${failed.length} of ${counted(report.exports.length, "export")} did not validate: ${names}`,
    {
      hint: unasked
        ? "Nothing was compared: the report says why the destination could not be looked at."
        : "The report names what is missing or differs; run these exports again.",
    },
  );
}
