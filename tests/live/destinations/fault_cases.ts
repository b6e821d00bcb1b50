/**
 * What must hold on every object store when requests go wrong: the object is there whole or not at all,
 * a passing fault is repaired by the adapter, a lasting one ends in a class that the run can act on.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ObjectDestination } from "../../../adapters/destinations/kit/object_store.ts";
import { UPLOAD_LIMITS } from "../../../adapters/destinations/kit/part_upload.ts";
import type { StoreOptions } from "../../../adapters/destinations/kit/store_options.ts";
import { DestinationError } from "../../../core/base/errors.ts";
import { putFile } from "../../conformance/destination.ts";
import { LOOK, WRITE } from "../../support/destinations.ts";
import type { Fault, FaultProxy } from "../../support/fault_proxy.ts";

/** A few pieces for a body of 700 kB, and no long waits. */
export const SMALL: StoreOptions = {
  limits: { singlePutBytes: 300_000, partBytes: 256 * 1024, concurrency: 2, pageObjects: 1000 },
  requests: { attempts: 3, backoffMs: 10, idleMs: 20_000 },
};

/** Gives up what stalls soon. */
const IMPATIENT = {
  limits: SMALL.limits,
  requests: { attempts: 3, backoffMs: 10, idleMs: 1000 },
} satisfies StoreOptions;

/** One request for a body of megabytes, most of which the sockets' buffers cannot hide. */
const PATIENT = {
  limits: UPLOAD_LIMITS,
  requests: { attempts: 3, backoffMs: 10, idleMs: 6000 },
} satisfies StoreOptions;

/** Only a stop ends what stalls. */
const PATIENT_FOR_EVER = {
  limits: SMALL.limits,
  requests: { attempts: 3, backoffMs: 10, idleMs: 10 * 60_000 },
} satisfies StoreOptions;

export interface FaultyStore {
  readonly proxy: FaultProxy;
  /** Through the proxy. */
  open(prefix: string, options?: StoreOptions): Promise<ObjectDestination>;
  /** Straight to the server. */
  direct(prefix: string): Promise<ObjectDestination>;
  /** To another port of this machine. */
  openAt(prefix: string, port: number): Promise<ObjectDestination>;
  /** `METHOD target` of the one request that stores a small file. */
  readonly smallPut: RegExp;
  /** Of a request that stores a piece of a large file. */
  readonly piecePut: RegExp;
  /** Head of the request that makes an object of the pieces of `LARGE_BYTES`. */
  readonly largeEnd: RegExp;
  /** Requests that a piece takes of which one answer was a failure. */
  readonly repeatedPiece: number;
  /** What a refused put must name. */
  readonly writePermission: RegExp;
  /** Uploads in pieces that were begun and not ended. */
  openUploads(): Promise<string[]>;
}

export interface FaultCase {
  readonly name: string;
  run(store: FaultyStore, prefix: string): Promise<void>;
}

const small = crypto.getRandomValues(new Uint8Array(60_000));
export const LARGE_BYTES = 700_000;
const large = new Uint8Array(LARGE_BYTES).map((_, i) => (i * 7919) >> 8);

async function keys(destination: ObjectDestination): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of destination.list("")) found.push(key);
  return found;
}

/** Runs with a destination through the proxy and one beside it. */
async function withBoth(
  store: FaultyStore,
  prefix: string,
  work: (faulty: ObjectDestination, direct: ObjectDestination) => Promise<void>,
): Promise<void> {
  const faulty = await store.open(prefix);
  const direct = await store.direct(prefix);
  try {
    await work(faulty, direct);
  } finally {
    await faulty.close();
    await direct.close();
  }
}

function md5Of(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("base64");
}

/** Fails after so long, which no call takes that heeds its signal. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ended within ${ms} ms`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function failure(attempt: Promise<unknown>): Promise<DestinationError> {
  try {
    await attempt;
  } catch (error) {
    assert.ok(error instanceof DestinationError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "the operation did not fail" });
}

export const faultCases: readonly FaultCase[] = [
  {
    name: "a small put survives a reset, 500, 503 and 429",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        const faults = [
          { kind: "reset", afterBytes: 20_000 },
          { kind: "answer", status: 500 },
          { kind: "answer", status: 503 },
          { kind: "answer", status: 429 },
          { kind: "lose_answer" },
        ] as const;
        for (const [i, fault] of faults.entries()) {
          store.proxy.break(store.smallPut, fault);
          await putFile(faulty, `part-${i}`, small);
          assert.deepEqual(await direct.read(`part-${i}`), small, JSON.stringify(fault));
        }
      }),
  },
  {
    name: "a large put repeats only what went wrong",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        const requests = store.proxy.requests.length;
        store.proxy.break(store.piecePut, { kind: "answer", status: 500 });
        await putFile(faulty, "large", large);
        const pieces = store.proxy.requests.slice(requests).filter((r) => store.piecePut.test(r));
        assert.equal(pieces.length, 2 + store.repeatedPiece);
        assert.deepEqual(await direct.read("large"), large);
        assert.deepEqual(await store.openUploads(), []);
      }),
  },
  {
    name:
      "a large put whose answers get lost, of a piece and of the end, is stored once and in full",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        const lost = [
          store.proxy.break(store.piecePut, { kind: "lose_answer" }),
          store.proxy.break(store.largeEnd, { kind: "lose_answer" }),
        ];
        await putFile(faulty, "large", large);
        await within(60_000, Promise.all(lost));
        assert.deepEqual(await direct.read("large"), large);
        assert.deepEqual(await keys(direct), ["large"]);
        assert.deepEqual(await store.openUploads(), []);
      }),
  },
  {
    name: "Retry-After is waited for",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty) => {
        store.proxy.break(store.smallPut, { kind: "answer", status: 503, retryAfter: "1" });
        const start = performance.now();
        await putFile(faulty, "part", small);
        const waited = performance.now() - start;
        assert.ok(waited >= 1000, `waited ${waited} ms`);
      }),
  },
  {
    name: "a put that stalls is given up and made again",
    run: (store, prefix) =>
      withBoth(store, prefix, async (_, direct) => {
        const faulty = await store.open(prefix, IMPATIENT);
        try {
          store.proxy.break(store.smallPut, { kind: "stall", afterBytes: 10_000 });
          await putFile(faulty, "part", small);
          assert.deepEqual(await direct.read("part"), small);
          store.proxy.break(store.piecePut, { kind: "stall", afterBytes: 10_000 });
          await putFile(faulty, "large", large);
          assert.deepEqual(await direct.read("large"), large);
        } finally {
          await faulty.close();
        }
      }),
  },
  {
    name: "a stop ends an upload, a listing and a wait at once, and no object is there",
    run: (store, prefix) =>
      withBoth(store, prefix, async (_, direct) => {
        const faulty = await store.open(prefix, PATIENT_FOR_EVER);
        const calls: [RegExp, Fault, (signal: AbortSignal) => Promise<unknown>][] = [
          [store.smallPut, { kind: "stall", afterBytes: 1000 }, (signal) =>
            put("part", small, signal)],
          [store.piecePut, { kind: "stall", afterBytes: 1000 }, (signal) =>
            put("large", large, signal)],
          [/^GET /, { kind: "stall", afterBytes: 0 }, (signal) =>
            faulty.probe(LOOK, signal)],
          [
            store.smallPut,
            { kind: "answer", status: 503, retryAfter: "15" },
            (signal) =>
              put("part", small, signal),
          ],
        ];
        const put = async (key: string, body: Uint8Array, signal: AbortSignal) => {
          const file = join(await faulty.stagingDir(), crypto.randomUUID());
          await Deno.writeFile(file, body);
          return await faulty.put({ file, md5: md5Of(body) }, key, signal);
        };
        for (const [match, fault, call] of calls) {
          const stop = new AbortController();
          const asked = store.proxy.break(match, fault);
          const outcome = call(stop.signal);
          outcome.catch(() => {});
          await asked;
          stop.abort();
          await assert.rejects(within(10_000, outcome), { code: "INTERRUPTED" });
          store.proxy.heal();
        }
        await faulty.close();
        assert.deepEqual(await keys(direct), []);
        assert.deepEqual(await store.openUploads(), []);
      }),
  },
  {
    name: "a slow connection is no stalled one",
    async run(store, prefix) {
      const faulty = await store.open(prefix, PATIENT);
      try {
        const body = new Uint8Array(24 * 1024 * 1024).fill(7);
        const requests = store.proxy.requests.length;
        store.proxy.break(store.smallPut, { kind: "throttle", bytesPerSecond: 3 * 1024 * 1024 });
        const start = performance.now();
        await putFile(faulty, "part", body);
        assert.ok(performance.now() - start > PATIENT.requests.idleMs);
        assert.equal((await faulty.head("part"))?.sizeBytes, body.length);
        const puts = store.proxy.requests.slice(requests).filter((r) => store.smallPut.test(r));
        assert.equal(puts.length, 1);
      } finally {
        await faulty.close();
      }
    },
  },
  {
    name: "a store that stays away: no object, a category to retry, a bounded number of requests",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        const staged = join(await faulty.stagingDir(), "part.tmp");
        await Deno.writeFile(staged, small);
        const requests = store.proxy.requests.length;
        store.proxy.break(store.smallPut, { kind: "reset", afterBytes: 1000 }, 3);
        const error = await failure(faulty.put({ file: staged, md5: md5Of(small) }, "part"));
        assert.equal(error.category, "network");
        assert.equal(error.code, "DESTINATION_UNREACHABLE");
        assert.match(error.message, /^cannot write .*part: /);
        assert.equal(store.proxy.requests.length - requests, 3);
        assert.deepEqual(await keys(direct), []);
        // The file is still there: the run's own retry starts afresh.
        await faulty.put({ file: staged, md5: md5Of(small) }, "part");
        assert.deepEqual(await direct.read("part"), small);
      }),
  },
  {
    name: "a store that is busy for good is a matter of capacity",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        store.proxy.break(store.smallPut, { kind: "answer", status: 503 }, 3);
        const error = await failure(putFile(faulty, "part", small));
        assert.equal(error.category, "capacity");
        assert.deepEqual(await keys(direct), []);
      }),
  },
  {
    name: "a large put that fails leaves no object and no upload",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        store.proxy.break(store.piecePut, { kind: "reset", afterBytes: 1000 }, 20);
        const error = await failure(putFile(faulty, "large", large));
        assert.equal(error.category, "network");
        assert.deepEqual(await keys(direct), []);
        assert.deepEqual(await store.openUploads(), []);
        store.proxy.heal();
        await putFile(faulty, "large", large);
        assert.deepEqual(await direct.read("large"), large);
      }),
  },
  {
    name: "an answer that breaks off is read again, and never taken for the whole",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        await direct.replace(small, "manifest.json");
        store.proxy.break(/^GET .*manifest\.json/, { kind: "truncate", missingBytes: 5000 });
        assert.deepEqual(await faulty.read("manifest.json"), small);
        store.proxy.break(/^GET .*manifest\.json/, { kind: "truncate", missingBytes: 5000 }, 3);
        assert.equal((await failure(faulty.read("manifest.json"))).category, "network");
      }),
  },
  {
    name: "listings, heads, moves and small puts survive a passing fault",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty) => {
        const next = () => store.proxy.break(/./, { kind: "answer", status: 500 });
        next();
        await faulty.replace(small, "a");
        next();
        assert.deepEqual(await keys(faulty), ["a"]);
        next();
        assert.equal((await faulty.head("a"))?.sizeBytes, small.length);
        next();
        await faulty.move("a", "b");
        assert.deepEqual(await keys(faulty), ["b"]);
      }),
  },
  {
    name: "nobody listens: unreachable, with what to check",
    async run(store, prefix) {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      listener.close();
      const nowhere = await store.openAt(prefix, listener.addr.port);
      try {
        const error = await failure(nowhere.probe(LOOK));
        assert.equal(error.code, "DESTINATION_UNREACHABLE");
        assert.equal(error.category, "network");
        assert.match(error.hint ?? "", /endpoint/);
      } finally {
        await nowhere.close();
      }
    },
  },
  {
    name: "check lists, and with write leaves nothing behind",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty, direct) => {
        const before = store.proxy.requests.length;
        await faulty.probe(LOOK);
        assert.equal(store.proxy.requests.slice(before).some((r) => !r.startsWith("GET")), false);
        await faulty.probe(WRITE);
        assert.deepEqual(await keys(direct), []);
      }),
  },
  {
    name: "a refusal names the permission that is missing",
    run: (store, prefix) =>
      withBoth(store, prefix, async (faulty) => {
        store.proxy.break(/./, { kind: "answer", status: 403 });
        const error = await failure(putFile(faulty, "part", small));
        assert.equal(error.code, "DESTINATION_AUTH");
        assert.equal(error.category, "auth");
        assert.match(error.hint ?? "", store.writePermission);
      }),
  },
];
