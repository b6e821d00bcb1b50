import { equal } from "node:assert/strict";
import { Screen } from "../../../../cli/render/screen.ts";
import { renderTable } from "../../../../cli/render/table.ts";
import { jsonLine, toJson } from "../../../../core/base/json_text.ts";
import { configureLogging, formatEntry, type LogEntry, logger } from "../../../../core/base/log.ts";
import { forgetSecrets, registerSecret } from "../../../../core/base/redact.ts";
import { FakeStream } from "../fakes.ts";

const HOSTILE = "a\x1b[31mred\x1b[0m\x07\r\x9b2J\u202e postgres://u:p@h/db";
const SHOWN = "a\\x1b[31mred\\x1b[0m\\x07\\r\\x9b2J\\u202e postgres://u:***@h/db";

function onScreen(write: (screen: Screen) => void): [out: string, err: string] {
  const [out, err] = [new FakeStream(), new FakeStream()];
  write(new Screen(out, err));
  return [out.text, err.text];
}

Deno.test("screen: texts lose secrets and control characters, lines and tabs stay", () => {
  equal(onScreen((screen) => screen.result(`${HOSTILE}\n\tb`))[0], `${SHOWN}\n\tb\n`);
  equal(onScreen((screen) => screen.line(HOSTILE))[1], `${SHOWN}\n`);
});

Deno.test("screen: JSON stays JSON, whatever a secret is", () => {
  registerSecret("150000");
  registerSecret("rows");
  registerSecret("true-ish");
  try {
    const value = { rows: 150000, ok: true, error: `150000 of rows, true-ish ${HOSTILE}` };
    for (const text of [toJson(value), jsonLine(value)]) {
      const [out] = onScreen((screen) => screen.json(text));
      // deno-lint-ignore no-control-regex
      equal(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(out), false);
      const read = JSON.parse(out);
      equal(read.rows, 150000);
      equal(read.error.startsWith("REDACTED of REDACTED, REDACTED a"), true);
      equal(read.error.endsWith("postgres://u:***@h/db"), true);
    }
  } finally {
    forgetSecrets();
  }
});

Deno.test("screen: a live block is clean too", async () => {
  const [out, err] = [new FakeStream(), new FakeStream({ columns: 80, rows: 24 })];
  const screen = new Screen(out, err);
  await screen.startLive();
  screen.draw([`exporting ${HOSTILE}`]);
  equal(err.text.includes("\x1b[31m"), false);
  equal(err.text.includes("u:p@"), false);
  equal(err.text.includes("exporting a\\x1b[31mred"), true);
  screen.draw([]);
});

Deno.test("screen: the log's own colours stay, those of others do not", () => {
  const entries: LogEntry[] = [];
  configureLogging({ level: "warn", sink: (entry) => entries.push(entry) });
  logger().warn(HOSTILE);
  configureLogging({ level: "error", sink: () => {} });
  const [, err] = onScreen((screen) => screen.styledLine(formatEntry(entries[0], true)));
  equal(err, `\x1b[33mWARN\x1b[0m ${SHOWN}\n`);
});

Deno.test("table: a cell is one line", () => {
  const table = renderTable([{ header: "A" }, { header: "B" }], [["x\n  y", "\x1b[2J"]]);
  equal(table.split("\n").at(-1), "x y \\x1b[2J");
});
