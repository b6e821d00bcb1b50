/**
 * Delta tables in Azure's and Google's stores: a run's commit, writers that meet at one version, and stores that
 * ignore the condition by which the later one is refused.
 */
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import assert from "node:assert/strict";
import { delta } from "../../../adapters/tables/delta/mod.ts";
import type { TableSettings } from "../../../core/config/loaded.ts";
import { RivetError } from "../../../core/base/errors.ts";
import type { Destination } from "../../../core/ports/destination.ts";
import type { TableCommit, TableFile } from "../../../core/ports/table_format.ts";
import { tableStore } from "../../../core/tables/table_store.ts";
import {
  AZURE_CONTAINER,
  AZURITE_ACCOUNT,
  AZURITE_KEY,
  startAzurite,
} from "../../support/azurite.ts";
import { GCS_BUCKET, startGcsDouble } from "../../support/gcs_double.ts";
import { readDelta } from "../../support/read_delta.ts";
import { Lake } from "./harness.ts";

const ROWS = "CREATE TABLE rows (id int PRIMARY KEY); INSERT INTO rows VALUES (1), (2), (3)";
const PREFIX = "lake/";

interface Store {
  readonly yaml: string;
  readonly env: Readonly<Record<string, string>>;
  /** Past whatever stands in front of it. */
  open(): Promise<Destination>;
  stop(): Promise<void>;
}

type Conditions = "heeded" | "ignored";

/** Forwards to the store without the condition of its uploads; a token signs no headers. */
function forgetful(port: number) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("if-none-match");
    const body = request.body === null ? null : await request.arrayBuffer();
    const to = `http://127.0.0.1:${port}${url.pathname}${url.search}`;
    return await fetch(to, { method: request.method, headers, body });
  });
}

function accountToken(): string {
  return generateAccountSASQueryParameters({
    startsOn: new Date("2020-01-01T00:00:00Z"),
    expiresOn: new Date("2099-01-01T00:00:00Z"),
    permissions: AccountSASPermissions.parse("rwdlac"),
    services: AccountSASServices.parse("b").toString(),
    resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
  }, new StorageSharedKeyCredential(AZURITE_ACCOUNT, AZURITE_KEY)).toString();
}

async function azure(conditions: Conditions): Promise<Store> {
  const server = await startAzurite();
  const proxy = conditions === "heeded" ? null : forgetful(server.port);
  const port = proxy === null ? server.port : proxy.addr.port;
  return {
    yaml: `{type: azure, container: ${AZURE_CONTAINER}, prefix: ${PREFIX}, ` +
      `endpoint: "http://127.0.0.1:${port}/${AZURITE_ACCOUNT}", account_name: ${AZURITE_ACCOUNT}, ` +
      "sas_token_env: AZURE_TOKEN}",
    env: { AZURE_TOKEN: accountToken() },
    open: () => server.open(PREFIX),
    async stop() {
      await proxy?.shutdown();
      await server.stop();
    },
  };
}

function gcs(conditions: Conditions): Promise<Store> {
  const server = startGcsDouble(conditions);
  return Promise.resolve({
    yaml: `{type: gcs, bucket: ${GCS_BUCKET}, prefix: ${PREFIX}, endpoint: "${server.endpoint}", ` +
      "allow_anonymous: true}",
    env: {},
    open: () => server.open(PREFIX),
    stop: server.stop,
  });
}

async function withStore(store: Store, body: (place: Destination) => Promise<void>) {
  for (const [name, value] of Object.entries(store.env)) Deno.env.set(name, value);
  const place = await store.open();
  try {
    await body(place);
  } finally {
    await place.close();
    await store.stop();
  }
}

const NEVER = new AbortController().signal;

const logOf = (place: Destination) =>
  readDelta(async (key) => {
    const bytes = await place.read(key, NEVER);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  });

function open(place: Destination, exportName: string) {
  const settings: TableSettings = {
    type: "delta",
    write: "append",
    partitionBy: [],
    window: null,
    catalog: null,
    identifier: null,
  };
  const env = () => undefined;
  return delta.open({ store: tableStore(place, NEVER), settings, exportName, env, signal: NEVER });
}

function commitOf(name: string, write: "append" | "replace"): TableCommit {
  const path = `${name}.parquet`;
  const file: TableFile = { path, rows: 1, sizeBytes: 1, statistics: null, partition: [] };
  return {
    ...{ runId: name, sequence: 1, write, covers: null, added: [file], removed: [], kept: [] },
    columns: [{ name: "id", type: { kind: "int", bits: 32, signed: true } }],
    committedAt: new Date("2026-01-31T10:00:00Z"),
  };
}

/** All of them opened the same version. */
async function race(place: Destination, names: readonly string[], write: "append" | "replace") {
  const tables = await Promise.all(names.map((name) => open(place, name)));
  return await Promise.allSettled(
    tables.map((table, i) => table.commit(commitOf(names[i], write))),
  );
}

for (const [kind, start] of Object.entries({ azure, gcs })) {
  Deno.test(`${kind}: a run commits, and of writers that meet at a version each has its own`, () =>
    Lake.with(ROWS, async (lake) => {
      const store = await start("heeded");
      await withStore(store, async (place) => {
        await lake.configure("table: rows, table_format: {type: delta}", store.yaml);
        await lake.run();
        await lake.run();
        assert.deepEqual((await lake.validate()).codes, []);
        const { commits, files } = await logOf(place);
        assert.deepEqual([commits.length, files.size], [2, 1]);
        const names = ["a", "b", "c"];
        const appended = await race(place, names, "append");
        assert.deepEqual(appended.map(({ status }) => status), names.map(() => "fulfilled"));
        const after = await logOf(place);
        assert.equal(after.commits.length, 5);
        assert.deepEqual(names.filter((name) => !after.files.has(`${name}.parquet`)), []);
        const replaced = await race(place, ["d", "e"], "replace");
        // One that opened before the other's commit and commits after it has seen it, and replaces it.
        const lost = replaced.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
        for (const error of lost) {
          assert.ok(error instanceof RivetError && error.code === "TABLE_CONFLICT", String(error));
        }
        assert.equal((await logOf(place)).files.size, 1);
        assert.equal((await logOf(place)).commits.length, 7 - lost.length);
      });
    }));

  Deno.test(`${kind}: a store that ignores the condition is found out, and has no table`, () =>
    Lake.with(ROWS, async (lake) => {
      const store = await start("ignored");
      await withStore(store, async (place) => {
        await lake.configure("table: rows, table_format: {type: delta}", store.yaml);
        const { error } = await lake.tryRun();
        assert.equal(error?.code, "TABLE_UNSUPPORTED", error?.message);
        assert.match(error?.message ?? "", /does not refuse a name that is taken/);
        assert.equal((await logOf(place)).commits.length, 0);
      });
    }));
}
