import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { merge } from "@optique/core";
import { extractOptionNames } from "@optique/core/usage";
import { globalOptions } from "../../../cli/global_options.ts";
import { OFTEN_SPELLINGS, parseOften } from "../../../cli/often.ts";
import { parseArgs, type Parsed } from "../../../cli/parse.ts";
import { runCommand } from "../../../cli/run_command.ts";

/** What the whole grammar makes of it; null for an error. */
function parsedByAll(args: readonly string[]): Parsed | null {
  try {
    return parseArgs(args, { width: 100, color: false });
  } catch {
    return null;
  }
}

Deno.test("a plain run is read without the whole grammar, and as that reads it", () => {
  for (
    const line of [
      "run -c r.yaml",
      "run --config=r.yaml --validate -e orders -q",
      "-v run -c r.yaml -p a=1 -p b=2 --json --lock-wait 5",
      "--json-errors --log-format=json run --config r.yaml --resume --force",
    ]
  ) {
    const args = line.split(" ");
    const all = parsedByAll(args);
    deepEqual(
      parseOften(args)?.invocation,
      all?.kind === "invocation" ? all.invocation : null,
      line,
    );
  }
});

Deno.test("every option of a run is read, by all its names", () => {
  const names = extractOptionNames(merge(runCommand, globalOptions).usage);
  deepEqual([...OFTEN_SPELLINGS].sort(), [...names].sort());
  for (const name of OFTEN_SPELLINGS) {
    const values: Record<string, string> = { "--lock-wait": "5", "--log-format": "json" };
    const value = /^--?p/.test(name) && !name.startsWith("--parallel")
      ? "k=v"
      : values[name] ?? "x";
    const lines = [["run", "-c", "r.yaml", name], ["run", "-c", "r.yaml", name, value]]
      .map((line) => /^(-c|--config)$/.test(name) ? ["run", ...line.slice(3)] : line);
    const read = lines.map(parseOften).filter((often) => often !== null);
    deepEqual(read.length, 1, name);
    const all = lines.map(parsedByAll).find((parsed) => parsed?.kind === "invocation");
    deepEqual(read[0].invocation, all?.kind === "invocation" ? all.invocation : null, name);
  }
});

Deno.test("what is no plain run is left to the whole grammar", () => {
  for (
    const line of [
      "",
      "--quiet",
      "run",
      "check -c r.yaml",
      "state run -c r.yaml",
      "run -cr.yaml",
      "run -c r.yaml --help",
      "run -c --help",
      "run -c r.yaml -e --version",
      "run -c r.yaml -qv",
      "run -c r.yaml -V",
      "run -c r.yaml --no-such",
      "run -c r.yaml -- x",
      "run -c r.yaml -c s.yaml",
      "run -c r.yaml --json --json",
      "run -c r.yaml --json=true",
      "run -c r.yaml -e --validate",
      "run -c r.yaml --lock-wait=-1",
      "run -c r.yaml -p =v",
      "run -c r.yaml run",
      "--json run -c r.yaml",
      "help run",
    ]
  ) {
    equal(parseOften(line.split(" ")), null, line);
  }
});

Deno.test("whatever the arguments are, it is the whole grammar's reading or none", () => {
  const word = fc.constantFrom(
    ...["run", "check", "-c", "r.yaml", "--config=r.yaml", "-e", "orders", "-p", "k=v", "-q", "-v"],
    ...["--json", "--resume", "--force", "--lock-wait", "5", "--log-format", "json", "--validate"],
    ...["-h", "--help", "-V", "--", "-cr.yaml", "", "-", "--no-such", "--lock-wait=x"],
  );
  const tail = fc.array(word, { maxLength: 6 });
  fc.assert(
    fc.property(tail, fc.boolean(), (words, begins) => {
      const args = begins ? ["run", "-c", "r.yaml", ...words] : words;
      const often = parseOften(args);
      if (often === null) return;
      const all = parsedByAll(args);
      deepEqual(often.invocation, all?.kind === "invocation" ? all.invocation : all);
    }),
    { numRuns: 300 },
  );
});
