/** Credentials that a REST catalog hands out: which ones, for which place, until when, and that stores take them. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { ContainerSASPermissions } from "@azure/storage-blob";
import { openAzure } from "../../../../../adapters/destinations/azure/mod.ts";
import { openGcs } from "../../../../../adapters/destinations/gcs/mod.ts";
import { openDestination } from "../../../../../adapters/destinations/mod.ts";
import { iceberg } from "../../../../../adapters/tables/iceberg/mod.ts";
import { locationOf, samePlace } from "../../../../../adapters/tables/iceberg/paths.ts";
import { grantedAccess } from "../../../../../adapters/tables/iceberg/vending.ts";
import { adapters } from "../../../../../adapters/registry.ts";
import { loadConfig } from "../../../../../core/config/load.ts";
import { DestinationChecks } from "../../../../../core/preflight/check_destination.ts";
import { type DoctorDeps, runDoctor } from "../../../../../core/preflight/doctor.ts";
import { redact } from "../../../../../core/base/redact.ts";
import type { GrantedToken, Grants } from "../../../../../core/ports/granted_access.ts";
import type { Destination } from "../../../../../core/ports/destination.ts";
import { AZURE_CONTAINER, startAzurite } from "../../../../support/azurite.ts";
import { startGcsDouble } from "../../../../support/gcs_double.ts";
import { SETTINGS } from "../../../../support/iceberg.ts";
import {
  type CatalogServer,
  CREDENTIAL,
  startCatalog,
  WAREHOUSE,
} from "../../../../support/iceberg_catalog.ts";
import { S3_BUCKET, S3_ENV, type S3Server, startS3 } from "../../../../support/s3.ts";

const NEVER = new AbortController().signal;
const FAR = Date.now() + 24 * 3_600_000;
/** So near that whatever has it is asked for again. */
const NEAR = () => Date.now() + 50_000;

Deno.test("of several credentials those count whose prefix is the table's, the longest first", () => {
  const keys = (name: string) => ({
    "s3.access-key-id": name,
    "s3.secret-access-key": `secret-of-${name}`,
    "s3.session-token": `session-of-${name}`,
    "s3.session-token-expires-at-ms": String(FAR),
  });
  const answer = {
    config: { "client.region": "eu-west-1", "s3.endpoint": "https://store.example" },
    "storage-credentials": [
      { prefix: "s3://lake/shop/orders", config: keys("near") },
      { prefix: "s3", config: keys("all") },
      { prefix: "s3://lake/shop", config: keys("shop") },
    ],
  };
  const of = (location: string) => grantedAccess(answer, location)?.s3?.accessKeyId;
  strictEqual(of("s3://lake/shop/orders"), "near");
  strictEqual(of("s3a://lake/shop/items"), "shop");
  strictEqual(of("s3://other"), "all");
  deepStrictEqual(grantedAccess(answer, "s3://other")?.s3, {
    accessKeyId: "all",
    secretAccessKey: "secret-of-all",
    sessionToken: "session-of-all",
    endpoint: "https://store.example",
    region: "eu-west-1",
    pathStyle: null,
    expiresAt: new Date(FAR),
  });
  ok(!redact("a session-of-near b secret-of-near").includes("-of-near"));
});

Deno.test("a session of which nobody says when it ends is not kept for long, and plain keys for ever", () => {
  const keys = { "s3.access-key-id": "k", "s3.secret-access-key": "s3cr3t-key" };
  const expiry = (config: Record<string, string>) => grantedAccess({ config }, "s3://b")?.s3;
  strictEqual(expiry(keys)?.expiresAt, null);
  ok(Number(expiry({ ...keys, "s3.session-token": "t0ken-of-it" })?.expiresAt) > Date.now());
  strictEqual(grantedAccess({ config: { "s3.access-key-id": "k" } }, "s3://b"), null);
  strictEqual(grantedAccess({}, "s3://b"), null);
});

Deno.test("tokens of Google and signatures of Azure's account are taken, another account's are not", () => {
  const config = {
    "gcs.oauth2.token": "ya29.of-google",
    "gcs.oauth2.token-expires-at": String(FAR),
    "adls.sas-token.lake.dfs.core.windows.net": "?sv=1&sig=abcdefgh",
    "adls.sas-token-expires-at-ms.lake.dfs.core.windows.net": String(FAR),
  };
  const expiresAt = new Date(FAR);
  const at = locationOf("https://lake.blob.core.windows.net/exports/orders/");
  strictEqual(at, "abfss://exports@lake.dfs.core.windows.net/orders");
  ok(samePlace(at, "wasbs://exports@lake.blob.core.windows.net/orders/"));
  const { gcs, azure } = grantedAccess({ config }, at) ?? {};
  deepStrictEqual(gcs, { token: "ya29.of-google", expiresAt });
  deepStrictEqual(azure, { token: "sv=1&sig=abcdefgh", expiresAt });
  const other = grantedAccess({ config }, "abfss://exports@pond.dfs.core.windows.net/orders");
  strictEqual(other?.azure, null);
  ok(!redact("https://x/?sv=1&sig=abcdefgh").includes("abcdefgh"));
});

/** Of what doctor looks at, what these tests are not about. */
const NO_DATABASE: Pick<DoctorDeps, "source" | "state"> = {
  source: () => Promise.reject(new Error("no source")),
  state: () => Promise.reject(new Error("no state")),
};

async function put(destination: Destination, key: string): Promise<void> {
  const file = join(await destination.stagingDir(), "file");
  await Deno.writeTextFile(file, key);
  const md5 = createHash("md5").update(key).digest("base64");
  strictEqual(await destination.put({ file, md5 }, key, NEVER), "stored");
}

interface Vendor {
  readonly catalog: CatalogServer;
  readonly s3: S3Server;
  readonly grants: Grants;
}

async function withVendor(use: (vendor: Vendor) => Promise<void>): Promise<void> {
  const s3 = await startS3();
  const catalog = startCatalog();
  try {
    const rest = {
      type: "rest",
      uri: catalog.uri,
      warehouse: WAREHOUSE,
      credential_env: "LAKE_CREDENTIAL",
    } as const;
    const grants = iceberg.grants({
      settings: { ...SETTINGS, catalog: rest, identifier: "shop.orders" },
      exportName: "orders",
      env: () => CREDENTIAL,
      signal: NEVER,
    }, "work");
    if (grants === null) throw new Error("a catalog is there");
    await use({ catalog, s3, grants });
  } finally {
    await catalog.close();
    await s3.stop();
  }
}

const asked = ({ requests }: CatalogServer) =>
  requests.filter((line) => /\/tables(\/orders)?$/.test(line));

Deno.test("a store without keys of its own is written with those of the catalog, in time asked for again", async () => {
  await withVendor(async ({ catalog, s3, grants }) => {
    let expires = FAR;
    catalog.vend = () => ({
      config: {
        "s3.access-key-id": S3_ENV.S3_KEY_ID,
        "s3.secret-access-key": S3_ENV.S3_SECRET,
        "s3.session-token": "session-of-the-vendor",
        "s3.session-token-expires-at-ms": String(expires),
        "s3.endpoint": s3.endpoint,
        "client.region": "eu-north-1",
        "s3.path-style-access": "true",
      },
    });
    const config = { type: "s3", bucket: S3_BUCKET, prefix: "lake/" } as const;
    const open = () => openDestination(config, () => undefined, grants) as Promise<Destination>;
    let destination = await open();
    await put(destination, "one");
    await put(destination, "two");
    await destination.close();
    // No table is there yet: one that is only staged tells.
    deepStrictEqual(asked(catalog), [
      "GET /v1/ware%20house/namespaces/shop/tables/orders",
      "POST /v1/ware%20house/namespaces/shop/tables",
      "POST /v1/ware%20house/namespaces/shop/tables",
    ]);
    catalog.requests.length = 0;
    expires = NEAR();
    destination = await open();
    const before = asked(catalog).length;
    await put(destination, "three");
    await destination.close();
    ok(asked(catalog).length > before, "what is about to expire is asked for again");
    const keys = await s3.open("lake/");
    ok(await keys.head("three", NEVER) !== null);
    await keys.close();
  });
});

Deno.test("rivet check --destinations asks with the keys of the catalog, too, and makes no namespace for them", async () => {
  await withVendor(async ({ catalog, s3, grants }) => {
    Deno.env.set("RIVET_TEST_CATALOG_CREDENTIAL", CREDENTIAL);
    const dir = await Deno.makeTempDir({ prefix: "rivet-vending-" });
    try {
      const { access_key_env: _, secret_key_env: __, ...place } = s3.config("lake/");
      const rest = { type: "rest", uri: catalog.uri, warehouse: WAREHOUSE };
      const table = {
        ...{ type: "iceberg", identifier: "shop.orders" },
        catalog: { ...rest, credential_env: "RIVET_TEST_CATALOG_CREDENTIAL" },
      };
      const orders = { name: "orders", table: "orders", format: "parquet", table_format: table };
      const config = {
        source: { type: "postgres", url: "postgres://localhost/none" },
        exports: [{ ...orders, destination: place }],
      };
      // JSON is YAML.
      await Deno.writeTextFile(join(dir, "rivet.yaml"), JSON.stringify(config));
      const env = (name: string) => Deno.env.get(name);
      const loaded = await loadConfig(join(dir, "rivet.yaml"), { params: new Map(), env });
      const problem = () =>
        new DestinationChecks(adapters, { network: true, env, signal: NEVER })
          .problemOf(loaded.exports[0]);
      catalog.vend = () => ({
        config: {
          "s3.access-key-id": S3_ENV.S3_KEY_ID,
          "s3.secret-access-key": S3_ENV.S3_SECRET,
        },
      });
      // Without a namespace no keys can be had, and whoever only looks makes none.
      strictEqual(await problem(), null);
      const deps = { ...adapters, ...NO_DATABASE };
      const looked = await runDoctor(deps, { config: loaded, writeProbe: true, signal: NEVER });
      deepStrictEqual(
        looked.filter(({ about }) => about === "destination" || about === "table")
          .map(({ status, message }) => [status, message]),
        [
          ["warn", "the catalog has no namespace shop yet: the first run creates it"],
          ["ok", "not there yet"],
        ],
      );
      deepStrictEqual(catalog.requests.filter((line) => /namespaces$/.test(line)), []);
      ok(await grants(`s3://${S3_BUCKET}/lake`) !== null, "a run makes it");
      strictEqual(await problem(), null);
      catalog.vend = () => ({
        config: { "s3.access-key-id": "UNKNOWN", "s3.secret-access-key": "secret-of-nobody" },
      });
      strictEqual((await problem())?.code, "DESTINATION_AUTH");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
});

Deno.test("wrong keys of a catalog are told as the store's refusal, and are not shown", async () => {
  await withVendor(async ({ catalog, s3, grants }) => {
    catalog.vend = () => ({
      config: {
        "s3.access-key-id": "UNKNOWN",
        "s3.secret-access-key": "wrong-secret-of-the-vendor",
      },
    });
    const { access_key_env: _, secret_key_env: __, ...config } = s3.config("lake/");
    const destination = await openDestination(config, () => undefined, grants) as Destination;
    await rejects(put(destination, "x"), (error: Error & { code: string }) => {
      strictEqual(error.code, "DESTINATION_AUTH");
      return !error.message.includes("wrong-secret");
    });
    await destination.close();
  });
});

Deno.test("a destination that names its own keys asks no catalog", async () => {
  await withVendor(async ({ catalog, s3, grants }) => {
    const env = (name: string) => S3_ENV[name];
    await (await openDestination(s3.config("lake/"), env, grants)).close();
    deepStrictEqual(catalog.requests, []);
  });
});

Deno.test("a catalog that refuses says so before anything is read", async () => {
  await withVendor(async ({ s3, catalog }) => {
    const rest = {
      type: "rest",
      uri: catalog.uri,
      warehouse: WAREHOUSE,
      credential_env: "LAKE_CREDENTIAL",
    } as const;
    const grants = iceberg.grants({
      settings: { ...SETTINGS, catalog: rest, identifier: "shop.orders" },
      exportName: "orders",
      env: () => "rivet:wr0ng-secret",
      signal: NEVER,
    }, "work");
    const { access_key_env: _, secret_key_env: __, ...config } = s3.config("lake/");
    await rejects(openDestination(config, () => undefined, grants), (error: Error) => {
      match(error.message, /invalid_client/);
      return true;
    });
  });
});

function handing(kind: "gcs" | "azure", tokens: readonly GrantedToken[]): Grants {
  const left = [...tokens];
  const none = { s3: null, gcs: null, azure: null };
  return () => Promise.resolve({ ...none, [kind]: left.shift() ?? tokens.at(-1) });
}

Deno.test("Google's store is asked with the catalog's token, and with the next one in time", async () => {
  const bucket = startGcsDouble();
  try {
    const grants = handing("gcs", [
      { token: "first", expiresAt: new Date(NEAR()) },
      { token: "second", expiresAt: new Date(FAR) },
    ]);
    const destination = await openGcs(bucket.config("lake/"), () => undefined, { grants });
    await put(destination, "one");
    await destination.close();
    deepStrictEqual([...new Set(bucket.authorizations)], ["Bearer second"]);
  } finally {
    await bucket.stop();
  }
});

Deno.test("Azure's store takes the catalog's signature on every request", async () => {
  const server = await startAzurite();
  try {
    const container = server.service.getContainerClient(AZURE_CONTAINER);
    const url = await container.generateSasUrl({
      expiresOn: new Date(FAR),
      permissions: ContainerSASPermissions.parse("racwdl"),
    });
    const right = { token: url.split("?")[1], expiresAt: new Date(FAR) };
    const { account_key_env: _, ...config } = server.config("lake/");
    const open = (tokens: readonly GrantedToken[]) =>
      openAzure(config, () => undefined, { grants: handing("azure", tokens) });
    const destination = await open([{ token: "sig=none", expiresAt: new Date(NEAR()) }, right]);
    await put(destination, "one");
    const keys = [];
    for await (const { key } of destination.list("", NEVER)) keys.push(key);
    deepStrictEqual(keys, ["one"]);
    await destination.close();
    const wrong = await open([{ token: "sig=none", expiresAt: new Date(FAR) }]);
    await rejects(wrong.head("one", NEVER), { code: "DESTINATION_AUTH" });
    await wrong.close();
  } finally {
    await server.stop();
  }
});
