import { deepEqual, equal } from "node:assert/strict";
import { parseArgs } from "../../../cli/parse.ts";
import { usualSpelling } from "../../../cli/spellings.ts";

const OPTIONS = { width: 100, color: false };

Deno.test("a short option's value may be attached, with or without an equals sign", () => {
  deepEqual(usualSpelling(["run", "-cx.yaml"]), ["run", "-c", "x.yaml"]);
  deepEqual(usualSpelling(["run", "-c=x.yaml", "-e=o"]), ["run", "-c", "x.yaml", "-e", "o"]);
  deepEqual(usualSpelling(["metrics", "-cx", "-l5"]), ["metrics", "-c", "x", "-l", "5"]);
  deepEqual(usualSpelling(["state", "files", "-cx"]), ["state", "files", "-c", "x"]);
});

Deno.test("flags without a value, long options and what follows -- stay", () => {
  for (
    const args of [
      ["run", "-q", "-c", "x"],
      ["run", "--config=x"],
      ["run", "-qv"],
      ["run", "-c", "x", "--", "-cfoo"],
      ["-cx"],
      [],
    ]
  ) deepEqual(usualSpelling(args), args);
});

Deno.test("attached values reach the command", () => {
  const parsed = parseArgs(["run", "-cx.yaml", "-eorders"], OPTIONS);
  equal(parsed.kind, "invocation");
  if (parsed.kind !== "invocation" || parsed.invocation.command !== "run") throw new Error("run");
  deepEqual([parsed.invocation.config, parsed.invocation.export], ["x.yaml", "orders"]);
});

Deno.test("rivet help shows what --help does", () => {
  for (const path of [[], ["run"], ["state", "files"]]) {
    deepEqual(parseArgs(["help", ...path], OPTIONS), parseArgs([...path, "--help"], OPTIONS));
  }
});
