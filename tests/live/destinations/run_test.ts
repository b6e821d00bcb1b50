/**
 * Exports from PostgreSQL to each object store through the command line, over HTTP and over TLS: the rows
 * come back, `validate` sees damage without a download, and no credential stands anywhere.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OpenDestination } from "../../support/destinations.ts";
import {
  AZURE_CONTAINER,
  AZURITE_ACCOUNT,
  AZURITE_KEY,
  startAzurite,
} from "../../support/azurite.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault_proxy.ts";
import { GCS_BUCKET, startGcsDouble } from "../../support/gcs_double.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../../support/s3.ts";
import { startTlsFront } from "../../support/tls_front.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));
const ROWS = 1000;

/** How a place is reached. */
interface Way {
  readonly endpoint: string;
  /** `METHOD target` of every request so far. */
  readonly requests: readonly string[];
  /** More of `destination:`. */
  readonly extra: string;
}

interface Place {
  readonly kind: string;
  /** `destination:` of the configuration. */
  readonly yaml: (way: Way) => string;
  readonly env: Record<string, string>;
  /** `METHOD target` of a request that stores a part. */
  readonly partPut: RegExp;
  /** May stand in no output and no file. */
  readonly secrets: readonly string[];
  readonly port: number;
  /** Straight to the server. */
  open(prefix: string): Promise<OpenDestination>;
  stop(): Promise<void>;
}

async function s3Place(): Promise<Place> {
  const server = await startS3();
  return {
    kind: "s3",
    yaml: ({ endpoint, extra }) =>
      `{type: s3, bucket: ${S3_BUCKET}, prefix: "runs/{export}", endpoint: "${endpoint}", ` +
      `access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET${extra}}`,
    env: S3_ENV,
    partPut: /^PUT .*chunk2/,
    secrets: [S3_ENV.S3_SECRET],
    port: server.port,
    open: server.open,
    stop: server.stop,
  };
}

async function azurePlace(): Promise<Place> {
  const server = await startAzurite();
  return {
    kind: "azure",
    yaml: ({ endpoint, extra }) =>
      `{type: azure, container: ${AZURE_CONTAINER}, prefix: "runs/{export}", ` +
      `endpoint: "${endpoint}/${AZURITE_ACCOUNT}", account_name: ${AZURITE_ACCOUNT}, ` +
      `account_key_env: AZURE_KEY${extra}}`,
    env: { AZURE_KEY: AZURITE_KEY },
    partPut: /^PUT .*chunk2/,
    secrets: [AZURITE_KEY],
    port: server.port,
    open: server.open,
    stop: server.stop,
  };
}

function gcsPlace(): Place {
  const server = startGcsDouble();
  return {
    kind: "gcs",
    yaml: ({ endpoint, extra }) =>
      `{type: gcs, bucket: ${GCS_BUCKET}, prefix: "runs/{export}", endpoint: "${endpoint}", ` +
      `allow_anonymous: true${extra}}`,
    env: {},
    // Names are in the body.
    partPut: /^POST .*uploadType=multipart/,
    secrets: [],
    port: server.port,
    open: server.open,
    stop: server.stop,
  };
}

const PLACES: readonly (() => Promise<Place> | Place)[] = [s3Place, azurePlace, gcsPlace];

interface Result {
  readonly code: number;
  /** Both streams. */
  readonly output: string;
}

async function rivet(folder: string, env: Record<string, string>, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args, "-c", "rivet.yaml"],
    cwd: folder,
    env: { RIVET_LOG: "debug", RUST_LOG: "", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, output: text.decode(stdout) + text.decode(stderr) } satisfies Result;
}

const config = (database: string, destination: string, parallel: number) => `
source: { type: postgres, url: "${database}", tls: { mode: disable } }
exports:
  - name: orders
    table: orders
    mode: chunked
    chunk_size: 250
    chunk_checkpoint: true
    parallel: ${parallel}
    destination: ${destination}
`;

async function keysOf(destination: OpenDestination): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of destination.list("")) keys.push(key);
  return keys;
}

/** What DuckDB finds in the parts, downloaded. */
async function idsIn(destination: OpenDestination, folder: string): Promise<unknown> {
  const local = join(folder, "downloaded");
  await Deno.mkdir(local, { recursive: true });
  const parts = (await keysOf(destination)).filter((key) => /^orders_.*\.parquet$/.test(key));
  for (const key of parts) {
    const bytes = await destination.read(key);
    assert.ok(bytes !== null, key);
    await Deno.writeFile(join(local, key), bytes);
  }
  const [found] = await queryDuckdb(
    `SELECT count(*)::INT AS rows, count(DISTINCT id)::INT AS ids, sum(id)::BIGINT::VARCHAR AS sum
     FROM read_parquet('${local}/*.parquet')`,
  );
  return { ...found, parts: parts.length };
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) found.push(...await filesBelow(path));
    else found.push(path);
  }
  return found;
}

async function assertNoSecret(place: Place, outputs: readonly Result[], folder: string) {
  const texts = outputs.map(({ output }) => output);
  for (const file of await filesBelow(folder)) {
    texts.push(new TextDecoder("latin1").decode(await Deno.readFile(file)));
  }
  for (const secret of place.secrets) {
    for (const text of texts) {
      assert.equal(text.includes(secret), false, `a secret stands in ${text.slice(0, 2000)}`);
    }
  }
}

/** A run and what comes after it. */
interface Session {
  readonly place: Place;
  readonly way: Way;
  readonly folder: string;
  /** Straight to the server. */
  readonly direct: OpenDestination;
  readonly run: (...args: string[]) => Promise<Result>;
}

/** Ends with a look for secrets in everything that was printed and written. */
async function withSession(
  place: Place,
  way: Way,
  { database, folder }: { readonly database: TestDatabase; readonly folder: string },
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const direct = await place.open("runs/orders");
  const results: Result[] = [];
  const run = async (...args: string[]): Promise<Result> => {
    const result = await rivet(folder, place.env, ...args);
    results.push(result);
    return result;
  };
  try {
    await Deno.writeTextFile(join(folder, "rivet.yaml"), config(database.url, place.yaml(way), 2));
    await work({ place, way, folder, direct, run });
    await assertNoSecret(place, results, folder);
  } finally {
    await direct.close();
  }
}

/** Returns the requests that the run made. */
async function exports({ way, folder, direct, run }: Session): Promise<readonly string[]> {
  const exported = await run("run", "--validate");
  assert.equal(exported.code, 0, exported.output);
  assert.match(exported.output, /4 verified: 4 md5/);
  const requests = [...way.requests];
  const sum = String(ROWS * (ROWS + 1) / 2);
  assert.deepEqual(await idsIn(direct, folder), { rows: ROWS, ids: ROWS, sum, parts: 4 });
  const keys = await keysOf(direct);
  assert.ok(keys.includes("manifest.json") && keys.includes("_SUCCESS"), keys.join());
  return requests;
}

/** Returns the name of the part that was damaged. */
async function validateSeesDamage({ way, direct, run }: Session): Promise<string> {
  const part = (await keysOf(direct)).find((key) => key.endsWith(".parquet")) ?? "";
  const bytes = await direct.read(part) ?? new Uint8Array();
  bytes[bytes.length >> 1] ^= 1;
  await direct.replace(bytes, part);
  const before = way.requests.length;
  const validated = await run("validate");
  assert.equal(validated.code, 1, validated.output);
  assert.match(validated.output, new RegExp(`${part}.*other content`, "s"));
  const downloads = way.requests.slice(before)
    .filter((line) => /^GET .*\.parquet/.test(line) && !/o\/[^?]*$/.test(line));
  assert.deepEqual(downloads, []);
  return part;
}

/** M8: the damaged part is moved aside and its chunk written again. */
async function resumeRepairs({ direct, run }: Session, part: string): Promise<void> {
  const resumed = await run("run", "--resume", "--force", "--validate");
  assert.equal(resumed.code, 0, resumed.output);
  const quarantined = (await keysOf(direct)).filter((key) => key.startsWith("_quarantine/"));
  assert.equal(quarantined.some((key) => key.endsWith(part)), true, quarantined.join());
  const validated = await run("validate");
  assert.equal(validated.code, 0, validated.output);
}

/** While the first chunk's put waits for the store, the one reader goes on. */
async function overlapping(
  place: Place,
  proxy: FaultProxy,
  database: TestDatabase,
  folder: string,
): Promise<void> {
  await Deno.writeTextFile(
    join(folder, "rivet.yaml"),
    config(database.url, place.yaml(plain(proxy)), 1),
  );
  const isPut = (chunk: number) => new RegExp(`^PUT .*_chunk${chunk}`);
  proxy.break(isPut(0), { kind: "answer", status: 503, retryAfter: "5" });
  const { code, output } = await rivet(folder, place.env, "run");
  assert.equal(code, 0, output);
  const puts = (chunk: number) =>
    proxy.requests.flatMap((line, i) => isPut(chunk).test(line) ? [i] : []);
  const [, again] = puts(0);
  const [next] = puts(1);
  assert.ok(next < again, `chunk 1 is put as request ${next}, chunk 0 again as ${again}`);
}

const plain = ({ endpoint, requests }: FaultProxy): Way => ({ endpoint, requests, extra: "" });

async function onPlace(
  start: () => Promise<Place> | Place,
  work: (place: Place, folder: string) => Promise<void>,
): Promise<void> {
  const place = await start();
  const folder = await Deno.makeTempDir({ prefix: "rivet-stores-" });
  try {
    await work(place, folder);
  } finally {
    await place.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function withProxy(
  place: Place,
  work: (proxy: FaultProxy) => Promise<void>,
): Promise<void> {
  const proxy = startFaultProxy(place.port);
  try {
    await work(proxy);
  } finally {
    await proxy.stop();
  }
}

/** Over TLS with a private authority; connections stay open as the server keeps them. */
async function withTls(place: Place, work: (way: Way) => Promise<void>): Promise<void> {
  const front = await startTlsFront(place.port);
  const { endpoint, requests, caFile } = front;
  try {
    await work({ endpoint, requests, extra: `, ca_file: "${caFile}"` });
  } finally {
    await front.stop();
  }
}

Deno.test("an export to an object store: there, verified, repaired, without secrets", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await database.sql(
      "CREATE TABLE orders (id int PRIMARY KEY, note text);" +
        `INSERT INTO orders SELECT g, 'note ' || g FROM generate_series(1, ${ROWS}) g`,
    );
    for (const start of PLACES) {
      let requests = 0;
      await onPlace(start, async (place, folder) => {
        await t.step(
          place.kind,
          () =>
            withProxy(
              place,
              (proxy) =>
                withSession(place, plain(proxy), { database, folder }, async (session) => {
                  // One passing failure: the run does not notice.
                  proxy.break(place.partPut, { kind: "answer", status: 500 });
                  requests = (await exports(session)).length - 1;
                  await resumeRepairs(session, await validateSeesDamage(session));
                }),
            ),
        );
      });
      await onPlace(start, async (place, folder) => {
        await t.step(
          `${place.kind}, over TLS: in as many requests`,
          () =>
            withTls(
              place,
              (way) =>
                withSession(place, way, { database, folder }, async (session) => {
                  assert.equal((await exports(session)).length, requests);
                  await validateSeesDamage(session);
                }),
            ),
        );
      });
    }
    await onPlace(s3Place, async (place, folder) => {
      await t.step(
        "a part is read while the one before it is uploaded",
        () => withProxy(place, (proxy) => overlapping(place, proxy, database, folder)),
      );
    });
  } finally {
    await database.drop();
    await server.stop();
  }
});
