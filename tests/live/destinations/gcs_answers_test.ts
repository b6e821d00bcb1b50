/** Cloud Storage and Google's token service when they answer otherwise than they should. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openGcs } from "../../../adapters/destinations/gcs/mod.ts";
import type { ObjectDestination } from "../../../adapters/destinations/kit/object_store.ts";
import type { DestinationError } from "../../../core/base/errors.ts";
import { forgetSecrets, registerSecret } from "../../../core/base/redact.ts";
import { putFile } from "../../conformance/destination.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { LOOK, WRITE } from "../../support/destinations.ts";
import { withEnv } from "../../support/env.ts";
import { startForwardProxy } from "../../support/forward_proxy.ts";
import { GCS_BUCKET, type GcsDouble, startGcsDouble } from "../../support/gcs_double.ts";
import { SMALL } from "./fault_cases.ts";

const PART = new Uint8Array(5000).map((_, i) => i);
const LARGE = new Uint8Array(700_000).map((_, i) => i);

async function onDouble(
  work: (destination: ObjectDestination, server: GcsDouble) => Promise<void>,
): Promise<void> {
  const server = startGcsDouble();
  const destination = await server.open("out", SMALL);
  try {
    await work(destination, server);
  } finally {
    await destination.close();
    await server.stop();
  }
}

const LIES = {
  "another size": { size: "17" },
  "another MD5": { md5Hash: "1B2M2Y8AsgTpgAmY7PhCfg==" },
} as const;

for (const [name, said] of Object.entries(LIES)) {
  Deno.test(`gcs: a small part of which ${name} was stored is sent again, and never left`, () =>
    onDouble(async (destination, server) => {
      server.misreport(1, said);
      await putFile(destination, "part", PART);
      assert.deepEqual(await destination.read("part"), PART);
      server.misreport(3, said);
      await assert.rejects(putFile(destination, "other", PART), {
        name: "DestinationError",
        code: "DESTINATION_FAILED",
        category: "network",
        message: /damaged: \d+ bytes were stored of 5000/,
      });
      assert.equal(server.objects.has("out/other"), false);
    }));

  Deno.test(`gcs: a large part of which ${name} was stored is removed, for the run to send again`, () =>
    onDouble(async (destination, server) => {
      // The piece that ends the upload has the answer that counts.
      server.misreport(1, said);
      await assert.rejects(putFile(destination, "large", LARGE), {
        name: "DestinationError",
        code: "DESTINATION_FAILED",
        category: "network",
      });
      assert.equal(server.objects.has("out/large"), false);
      await putFile(destination, "large", LARGE);
      assert.deepEqual(await destination.read("large"), LARGE);
    }));
}

Deno.test("gcs: a damaged key among the default credentials is one of the credentials", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rivet-gcs-" });
  const file = join(folder, "key.json");
  const damaged = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----\n";
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      type: "service_account",
      client_email: "x@example.iam.gserviceaccount.com",
      private_key: damaged,
    }),
  );
  let lookUps = 0;
  const machine = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    lookUps++;
    return new Response(null, { status: 404 });
  });
  const variables = {
    GOOGLE_APPLICATION_CREDENTIALS: file,
    GCE_METADATA_HOST: `127.0.0.1:${machine.addr.port}`,
    NO_PROXY: "127.0.0.1",
    // No tool of Google's is asked in its place.
    PATH: "",
  };
  // Nothing leaves this machine.
  const env = (name: string) => name === "HTTPS_PROXY" ? "http://127.0.0.1:1" : undefined;
  try {
    await withEnv(variables, async () => {
      const destination = await openGcs({ type: "gcs", bucket: "b", prefix: "" }, env, SMALL);
      try {
        await assert.rejects(destination.probe(LOOK), (error: DestinationError) => {
          assert.equal(error.code, "DESTINATION_AUTH", error.message);
          assert.match(error.hint ?? "", /GOOGLE_APPLICATION_CREDENTIALS/);
          return true;
        });
      } finally {
        await destination.close();
      }
    });
    assert.equal(lookUps, 0, "the machine was asked for a project that nobody needs");
  } finally {
    await machine.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

interface TokenService {
  readonly requests: readonly string[];
  /** To be answered one after another; then tokens. */
  readonly failures: number[];
  open(extra?: { ca_file?: string }, env?: Record<string, string>): Promise<ObjectDestination>;
}

/** A workload's identity (`external_account`), whose tokens come over TLS with a private authority. */
async function withTokenService(
  work: (service: TokenService, caFile: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-gcs-" });
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue({ names: ["localhost"] });
  const requests: string[] = [];
  const failures: number[] = [];
  const tokens = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    async (request) => {
      requests.push(await request.text());
      const status = failures.shift();
      if (status !== undefined) return Response.json({ error: "unavailable" }, { status });
      return Response.json({
        access_token: "a-token-of-the-test",
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 3600,
      });
    },
  );
  const [caFile, credentials, subject] = ["ca.pem", "credentials.json", "subject"].map((name) =>
    join(folder, name)
  );
  await Deno.writeTextFile(caFile, authority.cert);
  await Deno.writeTextFile(subject, "a subject's token");
  await Deno.writeTextFile(
    credentials,
    JSON.stringify({
      type: "external_account",
      audience:
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `https://localhost:${tokens.addr.port}/token`,
      credential_source: { file: subject },
    }),
  );
  const store = startGcsDouble();
  const open: TokenService["open"] = (extra = { ca_file: caFile }, env = {}) =>
    openGcs(
      { ...store.config("out"), credentials_file: credentials, ...extra },
      (name) => env[name],
      SMALL,
    );
  try {
    await work({ requests, failures, open }, caFile);
  } finally {
    await store.stop();
    await tokens.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("gcs: tokens of a workload's identity come through the ca_file and the proxies", () =>
  withTokenService(async ({ requests, open }) => {
    const destination = await open();
    await destination.probe(WRITE);
    assert.match(requests[0], /subject_token=a\+subject/);
    assert.equal(requests.length, 1);
    await destination.close();

    const untrusting = await open({});
    await assert.rejects(untrusting.probe(LOOK), { code: "DESTINATION_UNREACHABLE" });
    await untrusting.close();

    const proxy = startForwardProxy("user:secret");
    const proxied = await open(undefined, {
      HTTPS_PROXY: `http://user:secret@127.0.0.1:${proxy.port}`,
    });
    await proxied.probe(LOOK);
    assert.match(proxy.requests.join(), /^CONNECT localhost:\d+$/);
    await proxied.close();
    await proxy.stop();
  }));

Deno.test("gcs: a token service that answers 503 is asked again, then it is a matter of capacity", () =>
  withTokenService(async ({ requests, failures, open }) => {
    const destination = await open();
    failures.push(503, 503);
    await putFile(destination, "part", PART);
    assert.equal(requests.length, 3);
    await destination.close();
    const other = await open();
    failures.push(503, 503, 503);
    await assert.rejects(other.probe(LOOK), (error: DestinationError) => {
      assert.equal(error.code, "DESTINATION_FAILED", error.message);
      assert.equal(error.category, "capacity");
      return true;
    });
    assert.equal(requests.length, 6);
    await other.close();
  }));

function openAt(server: Deno.HttpServer<Deno.NetAddr>) {
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  return openGcs({ type: "gcs", bucket: GCS_BUCKET, prefix: "", endpoint }, () => undefined);
}

Deno.test("gcs: a bucket that is not there is said of a listing, also by a bare 404", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ error: { code: 404, message: "Not Found" } }, { status: 404 }),
  );
  const destination = await openAt(server);
  try {
    for (const asked of [LOOK, WRITE]) {
      await assert.rejects(destination.probe(asked), (error: DestinationError) => {
        assert.equal(error.code, "DESTINATION_NOT_FOUND");
        assert.match(error.hint ?? "", /Create the bucket/);
        return true;
      });
    }
  } finally {
    await destination.close();
    await server.shutdown();
  }
});

Deno.test("gcs: what a server answers is cut behind its secrets, not through one", async () => {
  const secret = "Hb72-a-secret-that-is-known-99";
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(`${"x".repeat(190)}${secret}`, { status: 400 }),
  );
  registerSecret(secret);
  const destination = await openAt(server);
  try {
    await assert.rejects(destination.probe(LOOK), (error: Error) => {
      assert.match(error.message, /xxx/);
      assert.doesNotMatch(error.message, /Hb72/);
      return true;
    });
  } finally {
    forgetSecrets();
    await destination.close();
    await server.shutdown();
  }
});
