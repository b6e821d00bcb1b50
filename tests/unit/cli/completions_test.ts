import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describeCommandLine } from "../../../cli/describe_cli.ts";
import { COMMAND_LINE } from "../../../cli/grammar.ts";
import { COMMAND_TREE } from "../../../cli/grammar.ts";
import { answerCompletion } from "../../../cli/suggest.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

/** Suggestions for bash come one a line. */
async function suggest(...words: string[]): Promise<string[]> {
  const answer = await answerCompletion(["completions", "bash", ...words]);
  return (answer ?? "").split("\n").filter((line) => line !== "");
}

Deno.test("completions: commands, subcommands and flags", async () => {
  deepEqual(await suggest("jour"), ["journal"]);
  deepEqual(await suggest("state", "re"), ["reset", "reset-chunks"]);
  deepEqual(await suggest("run", "--val"), ["--validate"]);
});

Deno.test("completions: export names come from the config on the command line", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const config = `${dir}/rivet.yaml`;
    await Deno.writeTextFile(config, "exports:\n  - name: orders\n  - name: events\n  - 7\n");
    deepEqual(await suggest("run", "-c", config, "-e", ""), ["orders", "events"]);
    deepEqual(await suggest("run", `--config=${config}`, "--export", "ev"), ["events"]);
    await Deno.writeTextFile(config, "exports: [unclosed");
    deepEqual(await suggest("run", "-c", config, "-e", ""), []);
    deepEqual(await suggest("run", "-e", ""), []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("completions: a question about the command itself is no completion", async () => {
  equal(await answerCompletion(["completions", "bash"]), null);
  equal(await answerCompletion(["completions", "bash", "--quiet"]), null);
  equal(await answerCompletion(["completions", "tcsh", "run"]), null);
  equal(await answerCompletion(["run", "-c", "x"]), null);
});

Deno.test("completions: bash itself completes with the script", async () => {
  const script = `
    rivet() { "${Deno.execPath()}" run -A --no-check "${MAIN}" "$@"; }
    eval "$(rivet completions bash)"
    COMP_WORDS=(rivet state prog); COMP_CWORD=2; COMP_LINE="rivet state prog"; COMP_POINT=16
    _rivet
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script] })
    .output();
  const text = new TextDecoder();
  equal(code, 0, text.decode(stderr));
  match(text.decode(stdout).trim(), /^progression/);
});

Deno.test("schema cli: every command of the tree, its flags with their metavars", () => {
  const { commands } = describeCommandLine(COMMAND_LINE);
  const names = Object.entries(COMMAND_TREE)
    .flatMap(([name, sub]) => sub.length === 0 ? [name] : sub.map((s) => `${name} ${s}`));
  deepEqual(commands.map((c) => c.name), names);
  const run = commands.find((c) => c.name === "run");
  ok(run?.options.some((o) => o.names.includes("--config") && o.metavar === "PATH"));
  ok(commands.every((c) => c.description.length > 20));
});
