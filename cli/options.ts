/** Options shared by several commands, so that each is spelled and described once. */
import { message, multiple, option, optional, text, withDefault } from "@optique/core";
import { choice, integer, keyValue, string } from "@optique/core/valueparser";
import { filePath } from "./path_value.ts";

/** `--config`, which every command that reads a file requires. */
export const configOption = option("-c", "--config", filePath({ metavar: "PATH" }), {
  description: message`The YAML config file.`,
});

/** `--export` of commands that take all exports without it. */
export const exportOption = optional(
  option("-e", "--export", string({ metavar: "NAME" }), {
    description: message`Only the export of this name.`,
  }),
);

/** `--export` of commands that are about one export. */
export const requiredExportOption = option("-e", "--export", string({ metavar: "NAME" }), {
  description: message`The export's name.`,
});

/** `--json`: the result alone goes to stdout, as one document. */
export const jsonOption = option("--json", {
  description: message`Print the result as JSON.`,
});

/** How a report is printed. */
export const reportFormatOption = withDefault(
  option("--format", choice(["pretty", "json"], { metavar: "FORMAT" }), {
    description: message`How the report is printed: pretty or json.`,
  }),
  "pretty",
);

export const reportOutputOption = optional(
  option("-o", "--output", filePath({ metavar: "PATH" }), {
    description: message`Write the report to this file as JSON.`,
  }),
);

export const lockWaitOption = withDefault(
  option("--lock-wait", integer({ min: 0, metavar: "SECONDS" }), {
    description:
      message`Wait this long for another run of an export to end, instead of refusing at once.`,
  }),
  0,
);

export const resumeOption = option("--resume", {
  description: message`Continue the unfinished chunked run of an export.`,
});

export const resumeOrRunOption = option("--resume-or-run", {
  description:
    message`As --resume, and exports that have nothing to resume are run from the start.`,
});

export const parallelProcessesOption = option("--parallel-export-processes", {
  description: message`Run each export in a process of its own.`,
});

export const summaryOutputOption = optional(
  option("--summary-output", filePath({ metavar: "PATH" }), {
    description: message`Write the run's totals and summaries to this file as JSON.`,
  }),
);

export const metricsFileOption = optional(
  option("--metrics-file", filePath({ metavar: "PATH" }), {
    description:
      message`Write the run's totals to this file in Prometheus' text format, e.g. for node_exporter's textfile collector.`,
  }),
);

export const runJsonOption = option("--json", {
  description:
    message`Print the run's totals and summaries to stdout as JSON; summary blocks go to stderr.`,
});

/** `-p/--param KEY=VALUE`, for every command that loads queries. */
export const paramsOption = multiple(
  option("-p", "--param", keyValue({ metavar: "KEY=VALUE" }), {
    description: message`Value of \${KEY} in queries, inserted as text. Repeatable.`,
  }),
);

/** `-l/--last N`, at least 1. */
export function lastOption(what: string, count: number) {
  const parser = option("-l", "--last", integer({ min: 1, metavar: "N" }), {
    description: [text(`How many ${what} to show, newest first.`)],
  });
  return withDefault(parser, count, { message: [text(String(count))] });
}
