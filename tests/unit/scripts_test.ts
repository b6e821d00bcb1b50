import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { leadingComment } from "../../packaging/script.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What tasks start, and what says in its first comment that it is started by itself. */
async function scripts(): Promise<string[]> {
  const found = Object.values(config.tasks)
    .map(({ command }) => /^deno run -A (\S+\.ts)$/.exec(command)?.[1])
    .filter((path) => path !== undefined);
  for (const folder of ["bench", "packaging", "tests", "tests/interop", "tests/torture"]) {
    for await (const { name } of Deno.readDir(join(ROOT, folder))) {
      const path = `${folder}/${name}`;
      if (!name.endsWith(".ts")) continue;
      const usage = leadingComment(await Deno.readTextFile(join(ROOT, path)));
      if (usage.includes(`deno run -A ${path}`)) found.push(path);
    }
  }
  return [...new Set(found)].sort();
}

/** Their arguments are no flags: a program to start, a port that the script which starts them knows. */
const TAKES_ANYTHING = ["bench/drop_bytes.ts", "bench/tds_orders.ts", "packaging/smoke.ts"];

Deno.test("every script says how it is used, when it is asked and when it is not understood", async () => {
  const found = await scripts();
  assert.ok(found.includes("bench/run.ts") && found.includes("tests/interop/delta.ts"));
  for (const path of found.filter((one) => !TAKES_ANYTHING.includes(one))) {
    const source = await Deno.readTextFile(join(ROOT, path));
    assert.match(leadingComment(source), /deno (task|run) /, path);
    assert.match(source, /scriptArgs\(import\.meta\.url, /, `${path} parses by itself`);
    assert.doesNotMatch(source, /parseArgs\(/, `${path} parses by itself`);
  }
});

async function started(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const script = join(ROOT, "packaging/sbom.ts");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("a script's usage is its first comment; what it does not know ends it with 2", async () => {
  const usage = "`deno task sbom [PATH]`: what the program is made of";
  const help = await started("--help");
  assert.deepEqual([help.code, help.err], [0, ""]);
  assert.ok(help.out.startsWith(usage), help.out);
  for (
    const [args, message] of [
      [["--nonsense"], "error: Unknown option '--nonsense'"],
      [["one", "two"], "error: there is no use for 'two'"],
    ] as const
  ) {
    const { code, out, err } = await started(...args);
    assert.deepEqual([code, out], [2, ""], err);
    assert.deepEqual(err.split("\n").slice(0, 3).map((line) => line.slice(0, usage.length)), [
      message,
      "",
      usage,
    ]);
  }
});

Deno.test("the first comment of a source is taken without its frame", () => {
  const source = "#!/usr/bin/env deno\n/**\n * One:\n *\n *   two\n */\nimport a;\n/** Three. */\n";
  assert.equal(leadingComment(source), "One:\n\n  two");
  assert.equal(leadingComment("const a = 1;\n/** Later. */\n"), "");
});
