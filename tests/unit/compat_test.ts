/** What `docs/compatibility.md` claims is executed; that the page is up to date, `docs_test.ts` says. */
import assert from "node:assert/strict";
import { CASES } from "../compat/cases.ts";
import { type Item, SECTIONS } from "../compat/items.ts";

const ROOT = new URL("../../", import.meta.url);
const ITEMS: readonly Item[] = SECTIONS.flatMap((section) => section.items);
const IDS = new Set(CASES.map((one) => one.id));

/** `tests/x_test.ts: name`. */
async function problemOf(evidence: string): Promise<string | null> {
  if (IDS.has(evidence)) return null;
  const [, path, name] = /^(tests\/[^:]+_test\.ts): (.+)$/.exec(evidence) ?? [];
  if (path === undefined) return `${evidence}: no such case`;
  const text = await Deno.readTextFile(new URL(path, ROOT)).catch(() => null);
  if (text === null) return `${path}: no such file`;
  return text.includes(name) ? null : `${path}: no test named ${name}`;
}

Deno.test("compatibility: an item that works names an executed case, any other one says why", async () => {
  const problems: string[] = [];
  for (const item of ITEMS) {
    if (item.status === "works" && item.by.length === 0) problems.push(`${item.item}: no case`);
    if (item.status !== "works" && item.why === "") problems.push(`${item.item}: no reason`);
    for (const evidence of item.by) {
      const problem = await problemOf(evidence);
      if (problem !== null) problems.push(`${item.item}: ${problem}`);
    }
  }
  assert.deepEqual(problems, []);
});

Deno.test("compatibility: every case is there for an item", () => {
  const named = new Set(ITEMS.flatMap((item) => item.by));
  assert.deepEqual(CASES.map((one) => one.id).filter((id) => !named.has(id)), []);
});

Deno.test("compatibility: an item is listed once in its section", () => {
  for (const { title, items } of SECTIONS) {
    assert.equal(new Set(items.map((item) => item.item)).size, items.length, title);
  }
});
