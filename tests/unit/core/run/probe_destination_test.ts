/** What a run asks of its destination before it reads. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { StdoutDestination } from "../../../../adapters/destinations/stdout.ts";
import { resolveTuning } from "../../../../core/config/tuning.ts";
import { DestinationError } from "../../../../core/base/errors.ts";
import { configureLogging, type LogEntry } from "../../../../core/base/log.ts";
import type { Access, AnyDestination, Asked } from "../../../../core/ports/destination.ts";
import type { ExportContext } from "../../../../core/run/context.ts";
import { Journal } from "../../../../core/run/journal.ts";
import { runDestination } from "../../../../core/run/retries.ts";
import { probeDestination } from "../../../../core/run/probe_destination.ts";
import { exportOf, RUN, withMemory } from "../manifest/support.ts";

const ALL: Access = { refused: [], createOnly: true, foreignMd5: null };
const NO_LIST: Access = { ...ALL, refused: [{ what: "list", hint: "Grant s3:ListBucket." }] };

interface Wanted {
  readonly validate?: boolean;
  readonly verify?: "size" | "content";
  readonly maxRetries?: number;
}

function contextOf(destination: AnyDestination, wanted: Wanted = {}): ExportContext {
  const { validate = false, verify, maxRetries } = wanted;
  const exported = exportOf("orders", { verify });
  const run = {
    exported: {
      ...exported,
      config: { ...exported.config, tuning: { max_retries: maxRetries } },
      tuning: { ...resolveTuning(undefined), maxRetries: 2, retryBackoffMs: 1 },
    },
    journal: new Journal(RUN, "orders"),
    tracker: { retried() {} },
    signal: new AbortController().signal,
  };
  const context = {
    ...run,
    options: { validate },
    config: { source: { type: "postgres" } },
    destination: runDestination(run, destination),
  };
  return context as unknown as ExportContext;
}

/** The answers are given one after another, the last one for ever. */
async function probe(
  answers: readonly (Access | Error)[],
  wanted: Wanted = {},
  list = false,
): Promise<{ access: Access; asked: Asked[] }> {
  const asked: Asked[] = [];
  let access = ALL;
  await withMemory(async (destination) => {
    const left = [...answers];
    destination.probe = (question: Asked) => {
      asked.push(question);
      const answer = left.length > 1 ? left.shift() as Access : left[0];
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(question.list ? answer : { ...answer, refused: [] });
    };
    access = await probeDestination(contextOf(destination, wanted), { list });
  });
  return { access, asked };
}

Deno.test("a run asks whether it may write, and for a listing only where it needs one", async () => {
  deepEqual((await probe([ALL])).asked, [{ write: true, list: false, compare: false }]);
  deepEqual((await probe([ALL], { validate: true })).asked[0].list, true);
  deepEqual((await probe([ALL], {}, true)).asked[0].list, true);
  deepEqual((await probe([ALL], { verify: "content" })).asked, [
    { write: true, list: true, compare: true },
  ]);
});

Deno.test("a passing failure is asked again, a refusal ends the run", async () => {
  const reset = new DestinationError("DESTINATION_UNREACHABLE", "reset", { category: "network" });
  equal((await probe([reset, reset, ALL])).asked.length, 3);
  const refused = new DestinationError("DESTINATION_AUTH", "denied", { category: "auth" });
  await rejects(probe([refused, ALL]), refused);
});

Deno.test("a key that may only write does for a plain run, and not for one that lists", async () => {
  deepEqual((await probe([NO_LIST])).access, ALL);
  const cases: [Wanted, boolean, RegExp][] = [
    [{ validate: true }, false, /cannot be listed, and --validate needs to$/],
    [{}, true, /cannot be listed, and --resume needs to$/],
    [{ verify: "content" }, false, /cannot be listed, and verify: content needs to$/],
  ];
  for (const [wanted, list, message] of cases) {
    await rejects(probe([NO_LIST], wanted, list), {
      code: "DESTINATION_AUTH",
      message,
      hint: "Grant s3:ListBucket.",
    });
  }
});

Deno.test("verify: content is refused where the listed MD5s are not the content's", async () => {
  const encrypted = { ...ALL, foreignMd5: "aws:kms" };
  deepEqual((await probe([encrypted])).access, encrypted);
  await rejects(probe([encrypted], { verify: "content" }), {
    code: "NOT_AVAILABLE",
    message: /verify: content compares MD5s, and under aws:kms memory:\/\/ lists none/,
  });
});

Deno.test("a stream is not asked; retries that were asked for are said not to hold", async () => {
  const warned: string[] = [];
  configureLogging({
    level: "warn",
    sink: (entry: LogEntry) => void warned.push(entry.text),
  });
  try {
    const stdout = new StdoutDestination();
    await probeDestination(contextOf(stdout), { list: false });
    deepEqual(warned, []);
    await probeDestination(contextOf(stdout, { maxRetries: 3 }), { list: false });
    equal(warned.length, 1);
    match(warned[0], /max_retries does not hold for stdout/);
  } finally {
    configureLogging({ level: "error", sink: () => {} });
  }
});
