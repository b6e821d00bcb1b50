/**
 * Object stores over TLS: bodies of every size on connections that are used again, in as many requests
 * as they take and no more. A request that stalls fails here at once: it would be made again.
 */
import assert from "node:assert/strict";
import type { ObjectDestination } from "../../../adapters/destinations/kit/object_store.ts";
import { UPLOAD_LIMITS } from "../../../adapters/destinations/kit/part_upload.ts";
import type { StoreOptions } from "../../../adapters/destinations/kit/store_options.ts";
import { destinationCases, putFile } from "../../conformance/destination.ts";
import { startTlsFront, type TlsFront } from "../../support/tls_front.ts";
import { IN_PIECES } from "./limits.ts";
import { SECURE_STORES, type SecureStore } from "./secure_stores.ts";

/** The first failure is the last: nothing is hidden by making a request again. */
const ONCE: StoreOptions = {
  limits: UPLOAD_LIMITS,
  requests: { attempts: 1, backoffMs: 0, idleMs: 20_000 },
};
const MIB = 1024 * 1024;

const body = (size: number) => new Uint8Array(size).map((_, i) => (i * 2_654_435_761) >>> 13);

async function onStore(
  store: SecureStore,
  work: (destination: ObjectDestination, front: TlsFront) => Promise<void>,
): Promise<void> {
  const server = await store.start();
  const front = await startTlsFront(server.port);
  const destination = await server.openSecure("out", front, ONCE);
  try {
    await work(destination, front);
  } finally {
    await destination.close();
    await front.stop();
    await server.stop();
  }
}

for (const store of SECURE_STORES) {
  Deno.test(`${store.name} over TLS: ten bodies of each size on one connection`, () =>
    onStore(store, async (destination, front) => {
      for (const size of [0, 1024, 60_000, 64 * 1024, 66_000, MIB]) {
        const bytes = body(size);
        const before = front.requests.length;
        for (let n = 0; n < 10; n++) {
          await putFile(destination, `${size}/${n}`, bytes);
          if (n === 0) assert.deepEqual(await destination.read(`${size}/0`), bytes);
        }
        assert.equal(front.requests.length - before, 10 + 1, `requests for ${size} bytes`);
      }
      assert.equal(front.connections, 1);
    }));

  Deno.test(`${store.name} over TLS: a body of 65 MiB in pieces, then small ones`, () =>
    onStore(store, async (destination, front) => {
      const bytes = body(65 * MIB);
      const md5 = await putFile(destination, "large", bytes);
      assert.equal(front.requests.length, store.requestsOf(5));
      const found = await destination.head("large");
      assert.equal(found?.sizeBytes, bytes.length);
      assert.ok(found?.md5 === undefined || found.md5 === md5);
      const before = front.requests.length;
      for (let n = 0; n < 10; n++) await destination.replace(body(3000), "manifest.json");
      assert.equal(front.requests.length - before, 10);
      assert.ok(front.connections <= UPLOAD_LIMITS.concurrency, String(front.connections));
    }));

  Deno.test(`${store.name} over TLS: a connection that died while idle costs no wait and no retry`, () =>
    onStore(store, async (destination, front) => {
      const bytes = body(60_000);
      await putFile(destination, "first", bytes);
      for (let n = 0; n < 3; n++) {
        await front.hangUp();
        await putFile(destination, `idle-${n}`, bytes);
        // Taken, and closed without a byte of an answer: a store whose time for idle ones ran out.
        front.swallow();
        await putFile(destination, `swallowed-${n}`, bytes);
      }
      assert.equal(front.requests.length, 1 + 3 * 3);
    }));

  Deno.test(`${store.name} over TLS: a destination as any other`, async (t) => {
    const server = await store.start();
    const front = await startTlsFront(server.port);
    try {
      for (const [i, c] of destinationCases.entries()) {
        await t.step(c.name, async () => {
          const destination = await server.openSecure(`case-${i}/exports`, front, IN_PIECES);
          try {
            await c.run(destination);
          } finally {
            await destination.close();
          }
        });
      }
    } finally {
      await front.stop();
      await server.stop();
    }
  });
}
