/** The command line of `rivet run`. */
import { constant, type InferValue, message, object, option } from "@optique/core";
import { defineCommand } from "./define.ts";
import {
  configOption,
  exportOption,
  lockWaitOption,
  metricsFileOption,
  parallelProcessesOption,
  paramsOption,
  resumeOption,
  resumeOrRunOption,
  runJsonOption,
  summaryOutputOption,
} from "./options.ts";

const options = object({
  command: constant("run"),
  config: configOption,
  export: exportOption,
  validate: option("--validate", {
    description:
      message`Go through every file as a reader would before it is put, then verify what the destination holds.`,
  }),
  reconcile: option("--reconcile", {
    description: message`Compare with COUNT(*) of the source query.`,
  }),
  resume: resumeOption,
  resumeOrRun: resumeOrRunOption,
  force: option("--force", {
    description:
      message`Run although a safety gate refuses: with --resume, into a destination that is already complete.`,
  }),
  parallelExports: option("--parallel-exports", {
    description: message`Run all exports at the same time.`,
  }),
  parallelExportProcesses: parallelProcessesOption,
  lockWait: lockWaitOption,
  summaryOutput: summaryOutputOption,
  metricsFile: metricsFileOption,
  json: runJsonOption,
  params: paramsOption,
});

/** Its options, as parsed. */
export type RunArgs = InferValue<typeof options>;

export const runCommand = defineCommand("run", options, {
  brief: "Run the exports of a config file.",
  description: "Extracts each export's rows into files at its destination and records the run in " +
    "the state. Exits 0 when every export succeeded or was skipped, 1 when one failed, 2 on a " +
    "configuration or usage error, 4 on schema drift under on_schema_drift: fail, 130 when " +
    "interrupted.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet run -c rivet.yaml", "all exports"],
    ["rivet run -c rivet.yaml -e orders --validate", "one export, files read back"],
    ["rivet run -c rivet.yaml -e orders --resume", "continue a chunked export"],
    ["rivet run -c rivet.yaml -p region=us-east -p year=2026", "query parameters"],
    ["rivet run -c rivet.yaml --json > run.json", "totals for scripts"],
  ],
});
