/** Whom a destination trusts over TLS, what it says when it does not, and proxies on the way. */
import assert from "node:assert/strict";
import type { ObjectDestination } from "../../../adapters/destinations/kit/object_store.ts";
import { openS3, type S3Config } from "../../../adapters/destinations/s3/mod.ts";
import { DestinationError } from "../../../core/base/errors.ts";
import { putFile } from "../../conformance/destination.ts";
import { makeAuthority, selfSigned } from "../../support/certificates.ts";
import { LOOK } from "../../support/destinations.ts";
import { startForwardProxy } from "../../support/forward_proxy.ts";
import { S3_ENV, type S3Server, startS3 } from "../../support/s3.ts";
import { startTlsFront, type TlsFront } from "../../support/tls_front.ts";
import { SECURE_STORES } from "./secure_stores.ts";

function openAt(
  server: S3Server,
  endpoint: string,
  extra: Partial<S3Config> = {},
  env: Record<string, string> = {},
): Promise<ObjectDestination> {
  const all = { ...S3_ENV, ...env };
  return openS3({ ...server.config("out", endpoint), ...extra }, (name) => all[name], {
    requests: { attempts: 1, backoffMs: 0, idleMs: 20_000 },
  });
}

async function refused(opening: Promise<ObjectDestination>): Promise<DestinationError> {
  const destination = await opening;
  try {
    await destination.probe(LOOK);
  } catch (error) {
    assert.ok(error instanceof DestinationError, String(error));
    return error;
  } finally {
    await destination.close();
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

async function works(opening: Promise<ObjectDestination>): Promise<void> {
  const destination = await opening;
  try {
    await putFile(destination, crypto.randomUUID(), new Uint8Array(2000));
  } finally {
    await destination.close();
  }
}

async function withS3(
  work: (server: S3Server, front: TlsFront) => Promise<void>,
): Promise<void> {
  const server = await startS3();
  const front = await startTlsFront(server.port);
  try {
    await work(server, front);
  } finally {
    await front.stop();
    await server.stop();
  }
}

Deno.test("a private authority is trusted by ca_file and by AWS_CA_BUNDLE, and else refused", () =>
  withS3(async (server, { endpoint, caFile }) => {
    await works(openAt(server, endpoint, { ca_file: caFile }));
    await works(openAt(server, endpoint, {}, { AWS_CA_BUNDLE: caFile }));
    const error = await refused(openAt(server, endpoint));
    assert.equal(error.code, "DESTINATION_UNREACHABLE");
    assert.equal(error.category, "permanent");
    assert.match(error.hint ?? "", /ca_file/);
    await assert.rejects(openAt(server, endpoint, { ca_file: "/no/such/file" }), {
      name: "ConfigError",
      message: /^destination\.ca_file: \/no\/such\/file cannot be read$/,
    });
  }));

Deno.test("a certificate of another host, an expired one and plain HTTP are told apart", async () => {
  const server = await startS3();
  const authority = await makeAuthority();
  const cases = [
    [{ names: ["elsewhere.example"] }, /ca_file/],
    [{ names: ["localhost"], validFrom: -30, validTo: -1 }, /ca_file/],
  ] as const;
  try {
    for (const [options, hint] of cases) {
      const certificate = await authority.issue(options);
      const front = await startTlsFront(server.port, { certificate, trusted: authority.cert });
      const error = await refused(openAt(server, front.endpoint, { ca_file: front.caFile }));
      assert.equal(error.category, "permanent", error.message);
      assert.match(error.hint ?? "", hint);
      await front.stop();
    }
    const error = await refused(openAt(server, `https://127.0.0.1:${server.port}`));
    assert.equal(error.category, "permanent", error.message);
    assert.match(error.hint ?? "", /does not speak TLS there: write http:/);
  } finally {
    await server.stop();
  }
});

Deno.test("a certificate that is its own authority is trusted by ca_file", async () => {
  const server = await startS3();
  const certificate = await selfSigned(["localhost"]);
  const front = await startTlsFront(server.port, { certificate, trusted: certificate.cert });
  try {
    const destination = await openAt(server, front.endpoint, { ca_file: front.caFile });
    for (const size of [1000, 60_000, 66_000, 300_000, 1000]) {
      await putFile(destination, `${size}-${crypto.randomUUID()}`, new Uint8Array(size));
    }
    await destination.close();
    assert.equal((await refused(openAt(server, front.endpoint))).category, "permanent");
  } finally {
    await front.stop();
    await server.stop();
  }
});

for (const store of SECURE_STORES) {
  Deno.test(`${store.name}: a proxy of the environment carries requests, NO_PROXY exempts`, async () => {
    const server = await store.start();
    const front = await startTlsFront(server.port);
    const proxy = startForwardProxy("user:secret");
    const at = `http://user:secret@127.0.0.1:${proxy.port}`;
    const open = (env: Record<string, string>) => server.openSecure("out", front, undefined, env);
    try {
      await works(open({ HTTPS_PROXY: at }));
      assert.deepEqual([...new Set(proxy.requests)], [`CONNECT localhost:${front.port}`]);
      const before = proxy.requests.length;
      await works(open({ https_proxy: at, NO_PROXY: "example.com, localhost" }));
      await works(open({ HTTP_PROXY: at }));
      assert.equal(proxy.requests.length, before);
      const error = await refused(open({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }));
      assert.equal(error.code, "DESTINATION_UNREACHABLE");
      assert.match(error.hint ?? "", /NO_PROXY/);
    } finally {
      await front.stop();
      await proxy.stop();
      await server.stop();
    }
  });
}

for (const store of SECURE_STORES) {
  Deno.test(`${store.name}: plain HTTP goes through HTTP_PROXY in the absolute form`, async () => {
    const server = await store.start();
    const front = await startTlsFront(server.port);
    const proxy = startForwardProxy("user:secret");
    const plain = { ...front, caFile: front.caFile, endpoint: `http://127.0.0.1:${server.port}` };
    try {
      const env = { HTTP_PROXY: `http://user:secret@127.0.0.1:${proxy.port}` };
      await works(server.openSecure("out", plain, undefined, env));
      assert.match(proxy.requests[0], /^(PUT|POST) http:\/\/127\.0\.0\.1:\d+\/.*exports\//);
    } finally {
      await front.stop();
      await proxy.stop();
      await server.stop();
    }
  });
}

for (const store of SECURE_STORES) {
  Deno.test(`${store.name}: https on an http port, and http on an https port, say so`, async () => {
    const server = await store.start();
    const front = await startTlsFront(server.port);
    const { caFile } = front;
    const at = (endpoint: string) => server.openSecure("out", { ...front, caFile, endpoint });
    try {
      const cases: [string, RegExp][] = [
        [`https://127.0.0.1:${server.port}`, /does not speak TLS there: write http:\/\//],
        [`http://127.0.0.1:${front.port}`, /speaks TLS there: write https:\/\//],
      ];
      for (const [endpoint, hint] of cases) {
        const error = await refused(at(endpoint));
        assert.equal(error.code, "DESTINATION_UNREACHABLE", error.message);
        assert.equal(error.category, "permanent");
        assert.match(error.hint ?? "", hint);
      }
    } finally {
      await front.stop();
      await server.stop();
    }
  });
}
