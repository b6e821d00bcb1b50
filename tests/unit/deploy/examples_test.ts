/** `deploy/github`, `deploy/shell`, `deploy/airflow`: what can be told of them without running them. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { parseArgs } from "../../../cli/parse.ts";

const read = (path: string): Promise<string> =>
  Deno.readTextFile(fileURLToPath(new URL(`../../../deploy/${path}`, import.meta.url)));

const FILES = [
  "github/export.yml",
  "shell/processes.sh",
  "shell/machines.sh",
  "airflow/rivet_orders.py",
];

/** The words after each `rivet` of a shell's line, quotes taken off. */
function rivetLines(text: string): string[][] {
  return [...text.matchAll(/(?:\brivet|"\$IMAGE") ((?:plan|apply) [^\n;&|]*)/g)].map(([, line]) => {
    // A line of Python ends where its text does.
    const [command] = line.split(/["'],/);
    return command.trim().split(/\s+/).map((word) =>
      word.replaceAll(/["'`]/g, "").replace("{TASKS}", "8")
    );
  });
}

for (const file of FILES) {
  Deno.test(`deploy/${file} plans, applies and finishes with commands that there are`, async () => {
    const code = (await read(file)).replaceAll(/^\s*#.*$|"""[^]*?"""/gm, "");
    const commands = rivetLines(code);
    assert.ok(commands.length >= 3, `${commands.length} commands`);
    for (const args of commands) {
      const { kind } = parseArgs(args, { width: 100, color: false });
      assert.equal(kind, "invocation", args.join(" "));
    }
    assert.ok(commands.some(([command]) => command === "plan"));
    assert.ok(commands.some((args) => args.includes("--finish")));
  });
}

interface Job {
  readonly needs?: string;
  readonly strategy?: {
    readonly "fail-fast": boolean;
    readonly matrix: { readonly task: readonly number[] };
  };
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}

Deno.test("the workflow's matrix counts its tasks from 0, and one does not stop the others", async () => {
  const { jobs }: { jobs: Record<string, Job> } = parse(await read("github/export.yml"));
  assert.deepEqual(Object.values(jobs).map((job) => job.needs), [undefined, "plan", "read"]);
  const { strategy } = jobs.read;
  assert.equal(strategy?.["fail-fast"], false);
  assert.deepEqual(strategy?.matrix.task, strategy?.matrix.task.map((_, i) => i));
  for (const { steps } of Object.values(jobs)) {
    for (const { run = "", uses } of steps) {
      assert.doesNotMatch(run, /\$\{\{/, "a secret or an input is no text of a script");
      if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    }
  }
});
