import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { Requests } from "../../../../../adapters/destinations/kit/requests.ts";
import { S3_WORDS, s3Facts } from "../../../../../adapters/destinations/s3/errors.ts";
import { configureLogging, type LogEntry } from "../../../../../core/base/log.ts";

const REQUEST = { doing: "write", target: "s3://b/k", permission: "s3:PutObject" };
const SETTINGS = { attempts: 3, backoffMs: 1, idleMs: 60_000 };
const signal = new AbortController().signal;

function busy(): Error {
  const $metadata = { httpStatusCode: 503 };
  return Object.assign(new Error("slow down"), { name: "SlowDown", $metadata });
}

async function told(body: () => Promise<void>): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  configureLogging({ level: "trace", sink: (entry) => entries.push(entry) });
  try {
    await body();
  } finally {
    configureLogging({ level: "error", sink: () => {} });
  }
  return entries;
}

Deno.test("a request that is tried again says why, and after how long", async () => {
  const entries = await told(async () => {
    const requests = new Requests(S3_WORDS, s3Facts, SETTINGS);
    const answers = [busy, busy, null];
    const send = () => {
      const failure = answers.shift();
      return failure ? Promise.reject(failure()) : Promise.resolve("stored");
    };
    equal(await requests.run(REQUEST, signal, send), "stored");
  });
  deepEqual(entries.map(({ level, fields }) => [level, fields?.attempt]), [["trace", 2], [
    "trace",
    3,
  ]]);
  match(entries[0].text, /^s3:\/\/b\/k: write: attempt 2 of 3 in \d+ ms: /);
});

Deno.test("the last attempt's failure is the caller's, and no line", async () => {
  const entries = await told(async () => {
    const requests = new Requests(S3_WORDS, s3Facts, { ...SETTINGS, attempts: 1 });
    await rejects(requests.run(REQUEST, signal, () => Promise.reject(busy())), {
      code: "DESTINATION_FAILED",
    });
  });
  deepEqual(entries, []);
});
