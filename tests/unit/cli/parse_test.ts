import { deepEqual, equal, match } from "node:assert/strict";
import { extractCommandNames } from "@optique/core/usage";
import { wantsJsonErrors } from "../../../cli/globals.ts";
import { COMMAND_TREE, grammar, type Invocation } from "../../../cli/grammar.ts";
import { parseArgs, type Parsed } from "../../../cli/parse.ts";
import { ConfigError, RivetError } from "../../../core/base/errors.ts";

function parse(line: string): Parsed {
  const args = line === "" ? [] : line.split(" ");
  return parseArgs(args, { width: 100, color: false });
}

function invocation(line: string): Invocation {
  const parsed = parse(line);
  if (parsed.kind !== "invocation") throw new Error(`${line}: ${parsed.kind}`);
  return parsed.invocation;
}

function usageError(line: string): RivetError {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof RivetError) return error;
    throw error;
  }
  throw new Error(`${line} was accepted`);
}

Deno.test("run takes every documented flag, long and short", () => {
  const short = invocation("run -c rivet.yaml -e orders -p region=us -p q=a=b -p empty=");
  equal(short.command, "run");
  if (short.command !== "run") return;
  equal(short.config, "rivet.yaml");
  equal(short.export, "orders");
  deepEqual(short.params, [["region", "us"], ["q", "a=b"], ["empty", ""]]);
  const long = invocation(
    "run --config=r.yaml --export=o --validate --reconcile --resume --force --parallel-exports " +
      "--parallel-export-processes --summary-output out.json --json --param k=v",
  );
  if (long.command !== "run") throw new Error(long.command);
  const { validate, reconcile, resume, force, parallelExports, parallelExportProcesses } = long;
  deepEqual(
    [validate, reconcile, resume, force, parallelExports, parallelExportProcesses, long.json],
    Array(7).fill(true),
  );
  equal(long.summaryOutput, "out.json");
});

Deno.test("state and metrics take their flags and defaults", () => {
  const files = invocation("state files -c r.yaml");
  equal(files.command === "state files" && files.last, 50);
  const metrics = invocation("metrics -c r.yaml");
  equal(metrics.command === "metrics" && metrics.last, 20);
  const last = invocation("metrics -c r.yaml --last 5 -e orders --json");
  deepEqual(last.command === "metrics" && [last.last, last.export, last.json], [5, "orders", true]);
  equal(invocation("state chunks -c r.yaml -e orders").command, "state chunks");
  for (const flag of ["--stuck-checkpoints", "--failed"]) {
    const reset = invocation(`state reset-chunks -c r.yaml ${flag}`);
    equal(reset.command === "state reset-chunks" && reset.stuckCheckpoints, true);
  }
});

Deno.test("global flags are accepted in any position", () => {
  for (
    const line of [
      "--json-errors run -q -c r.yaml -v",
      "run --json-errors -c r.yaml --quiet --verbose",
      "-q -v run -c r.yaml --json-errors",
      "--json-errors state -q files -v -c r.yaml",
    ]
  ) {
    const { jsonErrors, quiet, verbose } = invocation(line);
    deepEqual({ jsonErrors, quiet, verbose }, { jsonErrors: true, quiet: true, verbose: 1 });
    equal(wantsJsonErrors(line.split(" ")), true);
  }
  equal(wantsJsonErrors(["run", "--", "--json-errors"]), false);
});

Deno.test("help and version work in any position", () => {
  for (const line of ["--help", "-h", "run --help", "run -c r.yaml -h", "state files -h"]) {
    equal(parse(line).kind, "text", line);
  }
  for (const line of ["--version", "-V", "run --version"]) {
    const parsed = parse(line);
    match(parsed.kind === "text" ? parsed.text : "", /^rivet \d+\.\d+\.\d+$/, line);
  }
});

Deno.test("a missing command is a usage error that carries the help page", () => {
  for (const line of ["", "--json-errors", "-q -v"]) {
    const parsed = parse(line);
    equal(parsed.kind, "incomplete");
    if (parsed.kind !== "incomplete") continue;
    match(parsed.help, /Usage: rivet \[--json-errors\] COMMAND/);
    equal(parsed.error.code, "USAGE");
    equal(parsed.error.hint, `Use one of: ${Object.keys(COMMAND_TREE).join(", ")}.`);
  }
  const state = parse("state -q");
  if (state.kind !== "incomplete") throw new Error(state.kind);
  match(state.help, /Usage: rivet state COMMAND/);
  equal(state.error.hint, `Use one of: ${COMMAND_TREE.state.join(", ")}.`);
});

Deno.test("a typo is answered with what was meant and where the help is", () => {
  const cases: [string, string][] = [
    ["rnu -c r.yaml", "Did you mean `run`? See `rivet --help`."],
    ["state fiels -c r.yaml", "Did you mean `files`? See `rivet state --help`."],
    ["run --confg r.yaml", "Did you mean `--config`? See `rivet run --help`."],
    ["metrics -c r.yaml --lst 5", "Did you mean `--last`? See `rivet metrics --help`."],
  ];
  for (const [line, hint] of cases) {
    const error = usageError(line);
    equal(error.code, "USAGE", line);
    equal(error instanceof ConfigError, true);
    equal(error.hint, hint, line);
  }
});

Deno.test("wrong usage says what is wrong", () => {
  const cases: [string, RegExp][] = [
    ["run", /Missing option `-c`\/`--config`/],
    ["run -c", /`-c` requires `PATH`/],
    ["run -c a.yaml -c b.yaml", /`-c` cannot be used multiple times/],
    ["run -c a.yaml extra", /Unexpected option or argument: "extra"/],
    ["run -c a.yaml -p novalue", /Expected "=" in "novalue"/],
    ["state files -c a.yaml -l 0", /`-l`\/`--last`: .*greater than or equal to 1/],
    ["state files -c a.yaml -l many", /Expected a valid integer, but got "many"/],
    ["state chunks -c a.yaml", /Missing option `-e`\/`--export`/],
  ];
  for (const [line, message] of cases) {
    const error = usageError(line);
    equal(error.code, "USAGE", line);
    match(error.message, message);
  }
});

Deno.test("the command tree is the grammar's", () => {
  const names = Object.entries(COMMAND_TREE).flatMap(([name, sub]) => [name, ...sub]);
  // `run` is a command, and one of `state`.
  deepEqual([...extractCommandNames(grammar.usage)].sort(), [...new Set(names)].sort());
});

Deno.test("a command that stands elsewhere is said in words", () => {
  const error = usageError("state metrics -c r.yaml");
  equal(error.message, "`rivet state` has no command `metrics`");
  match(
    error.hint ?? "",
    /^`rivet metrics` is a command of its own; those of `rivet state` are: show/,
  );
});

Deno.test("a hint never suggests what was typed", () => {
  for (const line of ["metrics show -c r.yaml", "state show show -c r.yaml", "run -c r.yaml run"]) {
    const { hint = "" } = usageError(line);
    match(hint, /^See `rivet /, line);
  }
});
