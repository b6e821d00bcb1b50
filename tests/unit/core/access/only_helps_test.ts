import assert from "node:assert/strict";
import { onlyHelps } from "../../../../core/access/only_helps.ts";
import { ConfigError, RivetError, SourceError } from "../../../../core/base/errors.ts";
import { configureLogging } from "../../../../core/base/log.ts";

const failing = (error: unknown) => () => Promise.reject(error);

Deno.test("a look-up that finds something is what it finds", async () => {
  assert.equal(await onlyHelps("it", () => Promise.resolve(3), null), 3);
});

Deno.test("a look-up that fails is done without, and the log says of what", async () => {
  const log: string[] = [];
  configureLogging({ level: "debug", sink: ({ level, text }) => log.push(`${level} ${text}`) });
  const errors: readonly (readonly [unknown, string])[] = [
    [new SourceError("SOURCE_PERMISSION", "denied", { category: "auth" }), "debug"],
    [new SourceError("SOURCE_QUERY", "no such view"), "debug"],
    [new SourceError("SOURCE_TIMEOUT", "locked", { category: "timeout" }), "warn"],
    [new SyntaxError("no JSON"), "warn"],
  ];
  for (const [error, level] of errors) {
    assert.equal(await onlyHelps("sizes", failing(error), null), null);
    const line = log.pop() ?? "";
    assert.match(line, /sizes: not known \(.+\)/);
    assert.match(line, new RegExp(`^${level}`), line);
  }
});

Deno.test("what concerns the whole command is not swallowed", async () => {
  const errors = [
    new SourceError("SOURCE_DISCONNECTED", "gone", { category: "disconnect" }),
    new SourceError("SOURCE_UNREACHABLE", "gone", { category: "network" }),
    new SourceError("SOURCE_CAPACITY", "full", { category: "capacity" }),
    new RivetError("INTERRUPTED", "stopped"),
    new ConfigError("wrong"),
  ];
  for (const error of errors) {
    await assert.rejects(onlyHelps("sizes", failing(error), null), error);
  }
});
