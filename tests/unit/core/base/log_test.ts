import { deepEqual, equal, match } from "node:assert/strict";
import { forgetSecrets, registerSecret } from "../../../../core/base/redact.ts";
import {
  configureLogging,
  formatEntry,
  jsonEntry,
  levelFromEnv,
  LOG_LEVELS,
  type LogEntry,
  logger,
  logLevel,
  relog,
} from "../../../../core/base/log.ts";

function collect(level: LogEntry["level"]): LogEntry[] {
  const entries: LogEntry[] = [];
  configureLogging({ level, sink: (entry) => entries.push(entry) });
  return entries;
}

Deno.test("entries below the level are not logged", () => {
  const entries = collect("warn");
  const log = logger();
  log.error("e");
  log.warn("w");
  log.info("i");
  deepEqual(entries, [{ level: "error", text: "e" }, { level: "warn", text: "w" }]);
  equal(logLevel(), "warn");
});

Deno.test("configuring again changes the level of loggers that exist", () => {
  const log = logger();
  collect("error");
  const entries = collect("trace");
  log.trace("t");
  log.debug("d");
  deepEqual(entries.map((e) => e.level), ["trace", "debug"]);
});

Deno.test("texts are taken as they are, without secrets", () => {
  const entries = collect("info");
  logger().info("path {date} and %s, url postgres://rivet:secret@db/x");
  equal(entries.length, 1);
  match(entries[0].text, /^path \{date\} and %s, url postgres:\/\//);
  equal(entries[0].text.includes("secret"), false);
});

Deno.test("control characters of a text are spelled out", () => {
  const entries = collect("info");
  logger().info("a \x1b]0;title\x07 and \u202e");
  equal(entries[0].text, "a \\x1b]0;title\\x07 and \\u202e");
});

Deno.test("an entry of a Worker is logged like one's own", () => {
  const entries = collect("info");
  relog({ level: "warn", text: "from a worker" });
  relog({ level: "debug", text: "too detailed" });
  deepEqual(entries, [{ level: "warn", text: "from a worker" }]);
});

Deno.test("RIVET_LOG wins over RUST_LOG, and filter lists are understood", () => {
  const level = (env: Record<string, string>) => levelFromEnv((name) => env[name]).level;
  equal(level({}), null);
  equal(level({ RIVET_LOG: "" }), null);
  equal(level({ RIVET_LOG: "Debug", RUST_LOG: "error" }), "debug");
  equal(level({ RUST_LOG: "info" }), "info");
  equal(level({ RUST_LOG: "warn,rivet=trace,hyper=error" }), "trace");
  equal(level({ RUST_LOG: "hyper=debug" }), null);
  equal(level({ RUST_LOG: "hyper=debug,info" }), "info");
});

Deno.test("a RIVET_LOG that is no level is a problem, a RUST_LOG for others is not", () => {
  const problem = (env: Record<string, string>) => levelFromEnv((name) => env[name]).problem;
  equal(
    problem({ RIVET_LOG: "loud" }),
    "RIVET_LOG=loud is not a level; use one of error, warn, info, debug, trace",
  );
  equal(problem({ RUST_LOG: "hyper=debug" }), null);
});

Deno.test("a line is the level's name and the text, coloured only when asked to", () => {
  equal(formatEntry({ level: "warn", text: "x" }, false), "WARN x");
  equal(formatEntry({ level: "warn", text: "x" }, true), "\x1b[33mWARN\x1b[0m x");
});

Deno.test("fields come along, without secrets and control characters", () => {
  const entries = collect("debug");
  logger().debug("read", {
    statement: "a\x07",
    url: "postgres://rivet:secret@db/x",
    rows: 3,
    on: true,
  });
  deepEqual(Object.keys(entries[0].fields ?? {}), ["statement", "url", "rows", "on"]);
  equal(entries[0].fields?.statement, "a\\x07");
  equal(entries[0].fields?.rows, 3);
  equal(JSON.stringify(entries).includes("secret"), false);
});

Deno.test("as JSON an entry is one line, and no field takes the place of its time, level or text", () => {
  const at = new Date("2026-03-29T12:51:09.336Z");
  const fields = { export: "a\nb", rows: 3, level: "x", msg: "y", time: "z" };
  const line = jsonEntry({ level: "info", text: 'he said "no"', fields }, at);
  equal(line.includes("\n"), false);
  deepEqual(JSON.parse(line), {
    ...{ time: "2026-03-29T12:51:09.336Z", level: "info", msg: 'he said "no"' },
    ...{ export: "a\nb", rows: 3 },
  });
});

Deno.test("at every level a password is gone from URLs, statements and errors, in text and fields", () => {
  const password = "Kq7-wuz%Pendel";
  registerSecret(password);
  try {
    for (const level of LOG_LEVELS) {
      const entries = collect("trace");
      const url = `postgresql://reader:${encodeURIComponent(password)}@db/shop`;
      const statement = `SELECT dblink('host=db password=${password}', 'SELECT 1')`;
      const failure = new Error(`password authentication failed with "${password}"`).message;
      for (const text of [url, statement, failure]) logger()[level](text, { statement: text });
      equal(entries.length, 3);
      for (const { text, fields } of entries) {
        for (const said of [text, String(fields?.statement)]) {
          equal(
            said.includes(password) || said.includes(encodeURIComponent(password)),
            false,
            said,
          );
          match(said, /REDACTED|\*\*\*/);
        }
      }
    }
  } finally {
    forgetSecrets();
  }
});
