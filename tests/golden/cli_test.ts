/**
 * What the command line prints, as a process: help of every command and the usage errors, compared
 * with `cli/*.txt`. RIVET_UPDATE_GOLDEN=1 rewrites those files.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function rivet(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    env: { RIVET_LOG: "", RUST_LOG: "", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const GOLDEN: Readonly<Record<string, string>> = {
  "help": "--help",
  "help-init": "init --help",
  "help-check": "check --help",
  "help-doctor": "doctor --help",
  "help-run": "run --help",
  "help-plan": "plan --help",
  "help-apply": "apply --help",
  "help-validate": "validate --help",
  "help-reconcile": "reconcile --help",
  "help-repair": "repair --help",
  "help-state": "state --help",
  "help-state-files": "state files --help",
  "help-state-chunks": "state chunks --help",
  "help-state-reset-chunks": "state reset-chunks --help",
  "help-state-show": "state show --help",
  "help-state-reset": "state reset --help",
  "help-state-set": "state set --help",
  "help-state-import": "state import --help",
  "help-state-progression": "state progression --help",
  "help-metrics": "metrics --help",
  "help-journal": "journal --help",
  "help-schema": "schema --help",
  "help-schema-config": "schema config --help",
  "help-schema-cli": "schema cli --help",
  "help-completions": "completions --help",
  "no-command": "",
  "no-command-json": "--json-errors",
  "no-subcommand": "state",
  "unknown-command": "rnu -c rivet.yaml",
  "unknown-subcommand": "state fiels",
  "unknown-flag": "run --confg rivet.yaml",
  "unknown-flag-json": "run --confg rivet.yaml --json-errors",
  "missing-config-flag": "run",
  "bad-number": "metrics -c rivet.yaml --last many",
  "init-without-source": "init -o rivet.yaml",
  "init-two-sources": "init --source-env A --source-file b",
  "init-unset-variable": "init --source-env RIVET_NOT_SET_ANYWHERE",
  "init-unset-variable-json": "init --source-env RIVET_NOT_SET_ANYWHERE --json-errors",
  "check-bad-target": "check -c rivet.yaml --target oracle",
  "doctor-without-config": "doctor",
  "bad-param": "run -c rivet.yaml -p region",
  "parallel-twice": "run -c rivet.yaml --parallel-exports --parallel-export-processes",
  "reset-chunks-of-nothing": "state reset-chunks -c rivet.yaml",
};

for (const [name, line] of Object.entries(GOLDEN)) {
  Deno.test(`rivet ${line}`.trimEnd(), async () => {
    const { code, stdout, stderr } = await rivet(line === "" ? [] : line.split(" "));
    const actual = `exit ${code}\n--- stdout\n${stdout}--- stderr\n${stderr}`;
    const file = new URL(`./cli/${name}.txt`, import.meta.url);
    if (Deno.env.get("RIVET_UPDATE_GOLDEN") === "1") await Deno.writeTextFile(file, actual);
    equal(actual, await Deno.readTextFile(file));
  });
}

Deno.test("every golden file belongs to a case", () => {
  const files = [...Deno.readDirSync(new URL("./cli/", import.meta.url))].map((f) => f.name);
  deepEqual(files.sort(), Object.keys(GOLDEN).map((name) => `${name}.txt`).sort());
});

Deno.test("a config error is exit 2 with one JSON object on stderr and an empty stdout", async () => {
  const dir = await Deno.makeTempDir();
  const config = `${dir}/rivet.yaml`;
  await Deno.writeTextFile(config, "source: {type: postgress}\nexports: []\n");
  for (const args of [["--json-errors", "run", "-c"], ["check", "--json-errors", "-c"]]) {
    const { code, stdout, stderr } = await rivet([...args, config]);
    equal(code, 2);
    equal(stdout, "");
    const lines = stderr.trimEnd().split("\n");
    equal(lines.length, 1);
    const error = JSON.parse(lines[0]);
    equal(error.code, "CONFIG_INVALID");
    equal(typeof error.error, "string");
    equal("hint" in error, true);
    equal(error.problems.length >= 2, true, stderr);
  }
  const missing = await rivet(["run", "-c", `${dir}/none.yaml`]);
  equal(missing.code, 2);
  equal(missing.stdout, "");
  match(missing.stderr, /^error: .*none\.yaml/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("logs go to stderr at the level asked for, results to stdout", async () => {
  const dir = await Deno.makeTempDir();
  const config = `${dir}/rivet.yaml`;
  await Deno.writeTextFile(
    config,
    [
      "source: {type: postgres, url: 'postgres://rivet@127.0.0.1:1/none${RIVET_UNSET}'}", // a WARN
      "exports:",
      "  - {name: orders, table: orders, destination: {type: local, path: ./out}}",
    ].join("\n"),
  );
  // Nothing was exported yet, which is an answer on stdout and an error.
  const normal = await rivet(["validate", "-c", config]);
  match(normal.stdout, /orders/);
  match(normal.stderr, /^WARN .*RIVET_UNSET/);
  const quiet = await rivet(["validate", "-q", "-c", config]);
  const off = await rivet(["validate", "-c", config], { RIVET_LOG: "error" });
  for (const { code, stdout, stderr } of [quiet, off]) {
    deepEqual([code, stdout], [normal.code, normal.stdout]);
    match(stderr, /^error: /);
  }
  // A command that only looks at the state needs no more of the file than its exports' names.
  const metrics = await rivet(["metrics", "-c", config]);
  deepEqual(metrics, { code: 0, stdout: "No runs recorded.\n", stderr: "" });
  const wrong = await rivet(["metrics", "-q", "-c", config, "-e", "ordres"]);
  deepEqual([wrong.code, wrong.stdout], [2, ""]);
  match(wrong.stderr, /^error: there is no export 'ordres' .*did you mean "orders"\?\nhint: /);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a reader that goes away ends the output without an error", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "run", "--help"],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await process.stdout.cancel();
  const stderr = await new Response(process.stderr).text();
  const { code } = await process.status;
  deepEqual([code, stderr], [0, ""]);
});
