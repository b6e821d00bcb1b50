/**
 * What TLS costs a run of small files: 100 rows in 10 parts of 4 KB, whole runs to each object store over
 * https and over http, in turn. The servers are those of the tests, TLS ends in front of them.
 * Run: deno run -A bench/https.ts [rounds]
 */
import { join } from "node:path";
import { createDatabase, type TestDatabase, testPostgres } from "../tests/support/postgres.ts";
import {
  AZURE_CONTAINER,
  AZURITE_ACCOUNT,
  AZURITE_KEY,
  startAzurite,
} from "../tests/support/azurite.ts";
import { GCS_BUCKET, startGcsDouble } from "../tests/support/gcs_double.ts";
import { runConfig } from "../tests/support/run.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../tests/support/s3.ts";
import { startTlsFront } from "../tests/support/tls_front.ts";
import { median } from "./measure.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

interface Store {
  readonly name: string;
  start(): Promise<Server>;
  /** `destination:`, without its end. */
  yaml(endpoint: string): string;
}

const STORES: readonly Store[] = [
  {
    name: "s3",
    start: () => startS3(),
    yaml: (endpoint) =>
      `{type: s3, bucket: ${S3_BUCKET}, endpoint: "${endpoint}", access_key_env: S3_KEY_ID, ` +
      "secret_key_env: S3_SECRET",
  },
  {
    name: "gcs",
    start: () => Promise.resolve(startGcsDouble()),
    yaml: (endpoint) =>
      `{type: gcs, bucket: ${GCS_BUCKET}, endpoint: "${endpoint}", allow_anonymous: true`,
  },
  {
    name: "azure",
    start: startAzurite,
    yaml: (endpoint) =>
      `{type: azure, container: ${AZURE_CONTAINER}, endpoint: "${endpoint}/${AZURITE_ACCOUNT}", ` +
      `account_name: ${AZURITE_ACCOUNT}, account_key_env: AZURE_KEY`,
  },
];

/** Rows of some 400 bytes that no codec makes smaller. */
const ROWS = `CREATE TABLE rows (id int PRIMARY KEY, note text);
  INSERT INTO rows SELECT g, (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 13 + g % 2))
  FROM generate_series(1, 100) g`;

async function seconds(database: TestDatabase, destination: string): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-bench-" });
  try {
    await Deno.writeTextFile(
      join(folder, "rivet.yaml"),
      `source: {type: postgres, url: "${database.url}", tls: {mode: disable}}\n` +
        "exports:\n  - {name: rows, table: rows, mode: chunked, chunk_size: 10, format: csv, " +
        `destination: ${destination}}\n`,
    );
    const start = performance.now();
    const { exports } = await runConfig(folder);
    const taken = (performance.now() - start) / 1000;
    const [{ files, error }] = exports;
    if (files !== 10) throw new Error(`${files} files: ${JSON.stringify(error)}`);
    return taken;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compare(store: Store, database: TestDatabase, rounds: number): Promise<void> {
  const server = await store.start();
  const front = await startTlsFront(server.port);
  const plain: number[] = [];
  const secure: number[] = [];
  const at = (endpoint: string, n: number, extra = "") =>
    `${store.yaml(endpoint)}, prefix: "${n}"${extra}}`;
  try {
    // The first one of each loads what it needs.
    for (let n = 0; n <= rounds; n++) {
      const http = await seconds(database, at(`http://127.0.0.1:${server.port}`, 2 * n));
      const https = await seconds(
        database,
        at(front.endpoint, 2 * n + 1, `, ca_file: "${front.caFile}"`),
      );
      if (n > 0) plain.push(http), secure.push(https);
    }
  } finally {
    await front.stop();
    await server.stop();
  }
  const [http, https] = [median(plain), median(secure)];
  console.log(
    `${store.name.padEnd(8)}http ${http.toFixed(2)} s   https ${https.toFixed(2)} s   ` +
      `${(https / http).toFixed(2)} x`,
  );
}

if (import.meta.main) {
  const [asked = "5"] = scriptArgs(import.meta.url, {}, 1).positionals;
  const rounds = numberOf(import.meta.url, asked, 1);
  for (const [name, value] of Object.entries({ ...S3_ENV, AZURE_KEY: AZURITE_KEY })) {
    Deno.env.set(name, value);
  }
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await database.sql(ROWS);
    console.log(`100 rows, 10 parts of 4 KB, https against http, median of ${rounds}`);
    for (const store of STORES) await compare(store, database, rounds);
  } finally {
    await database.drop();
    await server.stop();
  }
  Deno.exit(0);
}
