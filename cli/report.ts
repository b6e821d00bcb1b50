/** `rivet report`: the state as a page. */
import {
  constant,
  type InferValue,
  message,
  object,
  option,
  optional,
  withDefault,
} from "@optique/core";
import { string } from "@optique/core/valueparser";
import { defineCommand } from "./define.ts";
import { configOption, exportOption } from "./options.ts";
import { filePath } from "./path_value.ts";
import type { CommandContext } from "./services.ts";

/** The config of a folder, for a command that is typed there. */
export const USUAL_CONFIG = "rivet.yaml";

const options = object({
  command: constant("report"),
  config: withDefault(configOption, USUAL_CONFIG),
  export: exportOption,
  run: optional(
    option("--run", "--run-id", string({ metavar: "RUN_ID" }), {
      description:
        message`Show this run from inside, instead of the newest that has recorded its times.`,
    }),
  ),
  since: optional(
    option("--since", string({ metavar: "TIME" }), {
      description:
        message`Only runs that began since then: a date, an instant (ISO 8601), or how long ago, e.g. 12h, 7d, 4w.`,
    }),
  ),
  output: optional(
    option("-o", "--output", filePath({ metavar: "PATH" }), {
      description:
        message`Where the page goes, report.html by default; - is stdout. A file that is there is replaced.`,
    }),
  ),
  open: option("--open", {
    description: message`Open the page in the browser afterwards.`,
  }),
  json: option("--json", {
    description:
      message`Write what the page shows as JSON instead, to stdout unless --output names a file.`,
  }),
});

export type ReportArgs = InferValue<typeof options>;

export const reportCommand = defineCommand("report", options, {
  brief: "Write the history of runs as a page.",
  description:
    "Writes one HTML file from the state, which needs no network: how each export stands, runs over " +
    "time, where the time of a run went, the load on the source, drift and quality, parts and " +
    "progression. Neither source nor destination is asked.",
  usage: "[--config PATH] [OPTIONS]",
  examples: [
    ["rivet report -c rivet.yaml --open", "everything, in the browser"],
    ["rivet report -c rivet.yaml -e orders --since 7d -o orders.html", "an export's last week"],
    ["rivet report -c rivet.yaml --run orders_20260513T120000.123", "one run from inside"],
    ["rivet report -c rivet.yaml --json", "the same for scripts"],
  ],
});

/** @throws ConfigError USAGE, RivetError DESTINATION_UNWRITABLE */
export async function executeReport(args: ReportArgs, ctx: CommandContext): Promise<void> {
  const { writeReport }: typeof import("./write_report.ts") = await import(
    "./write_report.ts" as string
  );
  await writeReport(args, ctx);
}
