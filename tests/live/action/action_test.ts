/** What the GitHub action does, with the variables that a runner sets, against a real run. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface Step {
  readonly code: number;
  readonly text: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Runs the script of `action.yml` itself as a runner would. */
async function step(dir: string, inputs: Record<string, string>, more = {}): Promise<Step> {
  const action = parse(await Deno.readTextFile(join(ROOT, "action.yml")));
  const { run, env } = action.runs.steps.find(({ id }: { id?: string }) => id === "rivet");
  const given: Record<string, string> = {};
  for (const [name, text] of Object.entries<string>(env)) {
    const [, input] = /^\$\{\{ inputs\.(\S+) \}\}$/.exec(text) ?? [];
    if (input === undefined) continue;
    ok(input in action.inputs, `${input} is no input of the action`);
    given[name] = inputs[input] ?? action.inputs[input].default;
  }
  const temporary = await Deno.makeTempDir({ dir });
  const [output, summary] = ["output", "summary"].map((name) => join(temporary, name));
  for (const file of [output, summary]) await Deno.writeTextFile(file, "");
  const bin = join(temporary, "bin");
  await Deno.mkdir(bin);
  await Deno.symlink(Deno.execPath(), join(bin, "deno"));
  const ended = await new Deno.Command("bash", {
    args: ["--noprofile", "--norc", "-eo", "pipefail", "-c", run],
    cwd: dir,
    env: {
      ...given,
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      GITHUB_ACTION_PATH: ROOT.replace(/\/$/, ""),
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TEMP: temporary,
      ...more,
    },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  const lines = (await Deno.readTextFile(output)).trim().split("\n").filter((line) => line !== "");
  return {
    code: ended.code,
    text: text.decode(ended.stdout) + text.decode(ended.stderr),
    outputs: Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2))),
    summary: await Deno.readTextFile(summary),
  };
}

async function withExports(
  exports: string,
  body: (dir: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const server = await testPostgres();
  let database: TestDatabase | null = null;
  const dir = await Deno.makeTempDir({ prefix: "rivet-action-" });
  try {
    database = await createDatabase(server);
    const source = "source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}}\n";
    await Deno.writeTextFile(join(dir, "rivet.yaml"), `${source}exports:\n${exports}`);
    await body(dir, { DATABASE_URL: database.url });
  } finally {
    await database?.drop();
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

const NUMBERS = '  - {name: numbers, query: "SELECT generate_series(1, 5) AS n", ' +
  "destination: {type: local, path: ./out}}\n";

Deno.test("action: a run's rows and files are outputs, its exports a table of the summary", () =>
  withExports(NUMBERS, async (dir, env) => {
    const { code, text, outputs, summary } = await step(dir, { args: "--validate\n" }, env);
    equal(code, 0, text);
    deepEqual([outputs.rows, outputs.files], ["5", "1"]);
    equal(JSON.parse(await Deno.readTextFile(outputs.summary)).total_rows, 5);
    match(summary, /^## Rivet: 1 succeeded\n\n5 rows, 1 files, /);
    match(summary, /\n\| numbers \| success \| 5 \| 1 \| [\d.]+ K?B \| [\d.]+ s \| validated/);
    // With `scoped` it may write what the configuration names, and the runner's folder.
    const outside = await Deno.makeTempDir({ prefix: "rivet-outside-" });
    const report = { command: "validate", args: `--output\n${outside}/report.json\n` };
    try {
      const refused = await step(dir, report, env);
      ok(refused.code !== 0, refused.text);
      match(refused.text, /hint: Start Rivet with --allow-write=/);
      const all = await step(dir, { ...report, permissions: "all" }, env);
      equal(all.code, 0, all.text);
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  }));

Deno.test("action: a failure is the step's, and the summary says why without becoming part of the page", () => {
  const broken = "  - {name: broken, query: 'SELECT * FROM \"<img src=x>|[a](b)\"', " +
    "destination: {type: local, path: ./out}}\n";
  return withExports(NUMBERS + broken, async (dir, env) => {
    const { code, text, outputs, summary } = await step(dir, {}, env);
    equal(code, 1, text);
    equal(outputs.rows, "5");
    match(summary, /^## Rivet: 1 of 2 failed\n/);
    match(summary, /\*\*broken\*\* SOURCE\\_OBJECT\\_NOT\\_FOUND: /);
    match(summary, /&lt;img src=x>\\\|\\\[a\\\]\(b\)/);
    const one = await step(dir, { export: "numbers" }, env);
    equal(one.code, 0, one.text);
    const wrong = await step(dir, { config: "missing.yaml" }, env);
    equal(wrong.code, 2);
    deepEqual([wrong.outputs, wrong.summary], [{}, ""]);
  });
});

Deno.test("action: a version is the executable of its release", async () => {
  const body = '#!/bin/sh\n[ "$1" = --version ] && echo "rivet 9.9.9" && exit 0\necho "ran: $*"\n';
  const sum = createHash("sha256").update(body).digest("hex");
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    const target = Deno.build.target;
    return new Response(pathname.endsWith("SHA256SUMS") ? `${sum}  rivet-${target}\n` : body);
  });
  const dir = await Deno.makeTempDir({ prefix: "rivet-action-" });
  try {
    const RIVET_RELEASES = `http://127.0.0.1:${server.addr.port}`;
    const { code, text } = await step(dir, { version: "9.9.9", export: "a b" }, { RIVET_RELEASES });
    equal(code, 0, text);
    match(text, /ran: run --config rivet\.yaml --export a b --summary-output \S+/);
    deepEqual(asked, [
      "/download/v9.9.9/SHA256SUMS",
      `/download/v9.9.9/rivet-${Deno.build.target}`,
    ]);
  } finally {
    await server.shutdown();
    await Deno.remove(dir, { recursive: true });
  }
});
