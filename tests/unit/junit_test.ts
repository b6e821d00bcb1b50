import assert from "node:assert/strict";
import { join } from "node:path";
import { countTests } from "../support/junit.ts";

const TESTS = `
Deno.test("passes", async (t) => { await t.step("a > b", () => {}); });
Deno.test({ name: "needs \\"mysql\\" <here>", ignore: true, fn() {} });
Deno.test("fails", () => { throw new Error("</testcase> & more"); });
`;

Deno.test("countTests reads what this Deno's own report says", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(dir, "a_test.ts"), TESTS);
    const report = join(dir, "report.xml");
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--no-config", `--junit-path=${report}`, dir],
      stdout: "null",
      stderr: "null",
    }).output();
    assert.equal(code, 1);
    const counts = countTests(await Deno.readTextFile(report));
    assert.equal(counts.passed, 2);
    assert.equal(counts.failed.length, 1);
    assert.match(counts.failed[0], /a_test\.ts: fails$/);
    assert.equal(counts.ignored.length, 1);
    assert.match(counts.ignored[0], /a_test\.ts: needs "mysql" <here>$/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("countTests: a report without tests counts nothing", () => {
  assert.deepEqual(countTests("<testsuites></testsuites>"), { passed: 0, failed: [], ignored: [] });
});
