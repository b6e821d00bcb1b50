import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { configureLogging, type LogEntry, type LogLevel } from "../../../../core/base/log.ts";
import { type CallLog, loggedCalls } from "../../../../core/base/logged_calls.ts";

class Port {
  readonly name = "port";
  #calls = 0;

  get calls(): number {
    return this.#calls;
  }

  add(a: number, b: number): Promise<number> {
    this.#calls++;
    return Promise.resolve(a + b);
  }

  fail(): Promise<number> {
    return Promise.reject(new Error("no disk"));
  }

  failAtOnce(): number {
    throw new Error("at once");
  }

  inner(): Promise<Port> {
    return Promise.resolve(new Port());
  }
}

const CALLS: CallLog = {
  describe: (method, args, result) => ({
    text: `${method} ${args.join(" ")}`,
    fields: { result: typeof result === "number" ? result : null },
  }),
  wrap: (_method, result) => result instanceof Port ? loggedCalls(result, CALLS) : result,
};

function at(level: LogLevel): LogEntry[] {
  const entries: LogEntry[] = [];
  configureLogging({ level, sink: (entry) => entries.push(entry) });
  return entries;
}

Deno.test("a call is passed on, and said with its milliseconds once it has ended", async () => {
  const entries = at("debug");
  const port = loggedCalls(new Port(), CALLS);
  equal(await port.add(2, 3), 5);
  deepEqual([port.calls, port.name], [1, "port"]);
  match(entries[0].text, /^add 2 3, \d+ ms$/);
  equal(entries[0].fields?.result, 5);
  equal(entries.length, 1);
});

Deno.test("a failure is said, and thrown as it was", async () => {
  const entries = at("debug");
  const port = loggedCalls(new Port(), CALLS);
  await rejects(port.fail(), { message: "no disk" });
  throws(() => port.failAtOnce(), { message: "at once" });
  match(entries[0].text, /^fail , \d+ ms: failed: no disk$/);
  match(entries[1].text, /failed: at once$/);
});

Deno.test("what a call gives can be a port that is logged too", async () => {
  const entries = at("debug");
  const port = loggedCalls(new Port(), CALLS);
  await (await port.inner()).add(1, 1);
  deepEqual(entries.map(({ text }) => text.split(" ")[0]), ["inner", "add"]);
});

Deno.test("where nobody would see the lines, the port is itself", () => {
  at("info");
  const port = new Port();
  equal(loggedCalls(port, CALLS), port);
  at("error");
});
