import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { stampedCommit } from "../../../../core/base/build.ts";
import { RIVET_VERSION } from "../../../../core/base/version.ts";
import { stamped } from "../../../../packaging/stamp.ts";
import { MAIN, rivet } from "../../../support/rivet.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

async function git(...args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: [...args],
      cwd: join(MAIN, ".."),
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

Deno.test("--version --json: version, commit, target, Deno and V8, in any order", async () => {
  for (const args of [["--version", "--json"], ["--json", "-V"]]) {
    const { code, stdout, stderr } = await rivet(args, { cwd: "." });
    equal(code, 0, stderr);
    deepEqual(JSON.parse(stdout), {
      version: RIVET_VERSION,
      commit: await git("rev-parse", "HEAD"),
      target: Deno.build.target,
      deno: Deno.version.deno,
      v8: Deno.version.v8,
    });
  }
});

Deno.test("without the permission to ask git the commit is null, and nobody is prompted", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--no-check", MAIN, "--version", "--json"],
    stdin: "null",
    stderr: "null",
  }).output();
  equal(JSON.parse(new TextDecoder().decode(stdout)).commit, null);
});

Deno.test("a commit is stamped once, where the source has its zeros", async () => {
  const source = await Deno.readTextFile(join(MAIN, "..", "core", "base", "build.ts"));
  const text = stamped(source, COMMIT) ?? "";
  match(text, new RegExp(`"rivet-commit:${COMMIT}"`));
  equal(stamped(text, COMMIT), null);
  equal(stampedCommit(`rivet-commit:${COMMIT}`), COMMIT);
  equal(stampedCommit(`rivet-commit:${"0".repeat(40)}`), null);
});
