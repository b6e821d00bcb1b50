/** Tables in a REST catalog, over HTTP: tokens, creation, commits whose answer is lost, commits of others. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { iceberg } from "../../../../../adapters/tables/iceberg/mod.ts";
import { RestClient } from "../../../../../adapters/tables/iceberg/rest_client.ts";
import { icebergNeeds } from "../../../../../adapters/tables/iceberg/needs.ts";
import type { TableSettings } from "../../../../../core/config/loaded.ts";
import type { Table, TableStore } from "../../../../../core/ports/table_format.ts";
import type { Column } from "../../../../../core/types/types.ts";
import { column, type Value } from "../../../../support/batches.ts";
import { until } from "../../../../support/until.ts";
import { commitOf, fileOf, SETTINGS, storeAt } from "../../../../support/iceberg.ts";
import {
  type CatalogServer,
  CREDENTIAL,
  startCatalog,
} from "../../../../support/iceberg_catalog.ts";

const COLUMNS: readonly Column[] = [column("id", { kind: "int", bits: 32, signed: true })];
const IDENTIFIER = "shop.eu.orders";

interface Place {
  readonly dir: string;
  readonly store: TableStore;
  readonly server: CatalogServer;
  readonly open: (exportName?: string) => Promise<Table>;
}

function settings(uri: string): TableSettings {
  return {
    ...SETTINGS,
    catalog: { type: "rest", uri, warehouse: "lake", credential_env: "LAKE_CREDENTIAL" },
    identifier: IDENTIFIER,
  };
}

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-iceberg-" });
  const server = startCatalog();
  try {
    const store = await storeAt(dir);
    const open = (exportName = "orders") =>
      iceberg.open({
        ...{ store, settings: settings(server.uri), exportName },
        env: (name) => name === "LAKE_CREDENTIAL" ? CREDENTIAL : undefined,
        signal: new AbortController().signal,
      });
    await use({ dir, store, server, open });
  } finally {
    await server.close();
    await Deno.remove(dir, { recursive: true });
  }
}

async function add(
  { dir, open }: Place,
  sequence: number,
  write: "append" | "replace" = "append",
  exportName = "orders",
): Promise<void> {
  const table = await open(exportName);
  const path = `${exportName}_${sequence}.parquet`;
  const file = await fileOf(table, dir, path, COLUMNS, [[sequence]], { write });
  await table.commit(commitOf(sequence, COLUMNS, [file], { write }));
}

async function files({ open }: Place): Promise<string[]> {
  return [...await (await open()).files()].sort();
}

const commits = ({ server }: Place) =>
  server.requests.filter((line) => line.startsWith("POST") && line.endsWith("/tables/orders"))
    .length;

Deno.test("a table is created in its namespace with its first rows, and runs append", async () => {
  await withPlace(async (place) => {
    strictEqual((await place.open()).current, null);
    await add(place, 1);
    const table = await place.open();
    place.server.expireTokens();
    const file = await fileOf(table, place.dir, "orders_2.parquet", COLUMNS, [[2]]);
    await table.commit(commitOf(2, COLUMNS, [file]));
    deepStrictEqual(await files(place), ["orders_1.parquet", "orders_2.parquet"]);
    const metadata = place.server.metadata(IDENTIFIER);
    strictEqual(metadata.location, `file://${place.dir}`);
    strictEqual(metadata.properties["rivet.sequence.orders"], "2");
    strictEqual((await place.open()).lastSequence, 2);
    ok(place.server.requests.includes("POST /v1/ware%20house/namespaces/shop%1Feu/tables"));
  });
});

Deno.test("a commit whose answer is lost is looked for, and made once", async () => {
  await withPlace(async (place) => {
    await add(place, 1);
    place.server.fates.push("answer lost");
    await add(place, 2, "replace");
    deepStrictEqual(await files(place), ["orders_2.parquet"]);
    strictEqual(commits(place), 2);
    place.server.fates.push("lost on the way", "answer lost");
    await add(place, 3);
    deepStrictEqual(await files(place), ["orders_2.parquet", "orders_3.parquet"]);
    strictEqual(commits(place), 4);
    strictEqual(place.server.metadata(IDENTIFIER).snapshots.length, 3);
  });
});

Deno.test("another's commit comes first: an append follows it, a replacement does not", async () => {
  await withPlace(async (place) => {
    await add(place, 1);
    place.server.overtake = () => add(place, 1, "append", "other");
    place.server.fates.push("overtaken");
    await add(place, 2);
    deepStrictEqual(await files(place), [
      "orders_1.parquet",
      "orders_2.parquet",
      "other_1.parquet",
    ]);
    place.server.overtake = () => add(place, 2, "append", "other");
    place.server.fates.push("overtaken");
    await rejects(add(place, 3, "replace"), { code: "TABLE_CONFLICT" });
    strictEqual((await files(place)).length, 4);
  });
});

Deno.test("many writers at once: every append comes into the table, and one replacement is left", async () => {
  await withPlace(async (place) => {
    await add(place, 1);
    const writers = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(writers.map((name) => add(place, 1, "append", name)));
    const appended = ["orders_1.parquet", ...writers.map((name) => `${name}_1.parquet`)].sort();
    deepStrictEqual(await files(place), appended);
    strictEqual(place.server.metadata(IDENTIFIER).snapshots.length, 7);
    const replaced = await Promise.allSettled(
      writers.map((name) => add(place, 2, "replace", name)),
    );
    const lost = replaced.filter((one) => one.status === "rejected");
    ok(lost.every(({ reason }) => reason.code === "TABLE_CONFLICT"));
    strictEqual((await files(place)).length, 1);
  });
});

Deno.test("a commit to another branch takes the sequence number, and an append follows it", async () => {
  await withPlace(async (place) => {
    await add(place, 1);
    place.server.overtake = () => {
      place.server.metadata(IDENTIFIER)["last-sequence-number"] = 2;
      return Promise.resolve();
    };
    place.server.fates.push("overtaken");
    await add(place, 2);
    deepStrictEqual(await files(place), ["orders_1.parquet", "orders_2.parquet"]);
    const { snapshots } = place.server.metadata(IDENTIFIER);
    strictEqual(snapshots[1]["sequence-number"], 3);
  });
});

Deno.test("columns that come back have the schema that they had", async () => {
  await withPlace(async (place) => {
    const replace = async (sequence: number, columns: readonly Column[], row: readonly Value[]) => {
      const table = await place.open();
      const more = { write: "replace" } as const;
      const path = `orders_${sequence}.parquet`;
      const file = await fileOf(table, place.dir, path, columns, [row], more);
      await table.commit(commitOf(sequence, columns, [file], more));
      return place.server.metadata(IDENTIFIER)["current-schema-id"];
    };
    const more = [...COLUMNS, column("more", { kind: "text" })];
    const ids = [];
    for (const [n, columns] of [COLUMNS, more, COLUMNS].entries()) {
      ids.push(await replace(n + 1, columns, columns.map((_, c) => c === 0 ? n : "x")));
    }
    deepStrictEqual(ids, [0, 1, 0]);
    strictEqual(place.server.metadata(IDENTIFIER).schemas.length, 2);
    strictEqual(place.server.metadata(IDENTIFIER).snapshots[2]["schema-id"], 0);
  });
});

Deno.test("snapshot ids of 64 bits are the same on the way there and back", async () => {
  await withPlace(async (place) => {
    await add(place, 1);
    const id = 9_007_199_254_740_993n;
    const metadata = place.server.metadata(IDENTIFIER);
    metadata.snapshots[0]["snapshot-id"] = id;
    metadata.refs.main["snapshot-id"] = id;
    metadata["current-snapshot-id"] = id;
    await add(place, 2);
    const { snapshots } = place.server.metadata(IDENTIFIER);
    strictEqual(snapshots[1]["parent-snapshot-id"], id);
  });
});

Deno.test("a wrong secret, another place, and a catalog that is away are told apart", async () => {
  await withPlace(async ({ server, store }) => {
    const open = (uri: string, credential: string, at = store) =>
      iceberg.open({
        ...{ store: at, settings: settings(uri), exportName: "orders" },
        env: () => credential,
        signal: new AbortController().signal,
      });
    await rejects(open(server.uri, "rivet:wr0ng-secret"), (error: Error & { code: string }) => {
      strictEqual(error.code, "DESTINATION_AUTH");
      match(error.message, /invalid_client: wrong client/);
      return !error.message.includes("wr0ng-secret");
    });
    await rejects(open("http://127.0.0.1:1", CREDENTIAL), { code: "DESTINATION_UNREACHABLE" });
    await rejects(open("ftp://x", CREDENTIAL), { code: "CONFIG_INVALID" });
  });
  await withPlace(async (place) => {
    await add(place, 1);
    place.server.metadata(IDENTIFIER).location = "s3://lake/elsewhere";
    await rejects(place.open(), {
      code: "TABLE_UNSUPPORTED",
      message: /the table is at s3:\/\/lake\/elsewhere/,
    });
  });
});

Deno.test("a warehouse and an address that the catalog does not know are no missing table", async () => {
  await withPlace(async ({ server, store }) => {
    const open = (uri: string, warehouse: string) =>
      iceberg.open({
        store,
        settings: {
          ...settings(uri),
          catalog: { type: "rest", uri, warehouse, credential_env: "LAKE_CREDENTIAL" },
        },
        exportName: "orders",
        env: () => CREDENTIAL,
        signal: new AbortController().signal,
      });
    await rejects(open(server.uri, "pond"), {
      code: "DESTINATION_NOT_FOUND",
      message: /configuration: HTTP 404: NotFoundException: Unable to find warehouse/,
      hint: /the warehouse/,
    });
    strictEqual((await open(server.uri, "lake")).current, null);
  });
});

Deno.test("a catalog that accepts and stays silent is waited for so long, and an interrupt ends the wait", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const one of server) open.push(one);
  })();
  const stop = new AbortController();
  const access = {
    uri: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    ...{ warehouse: null, token: "t0ken-of-nobody", credential: null, oauthUri: null, scope: "" },
  };
  const request = { method: "GET", path: "/namespaces", doing: "look", repeats: true } as const;
  const ask = (timeoutMs: number) =>
    new RestClient(access, stop.signal, { attempts: 3, timeoutMs, backoffMs: 1 }).send(request);
  try {
    await rejects(ask(50), { code: "DESTINATION_UNREACHABLE", message: /no answer for 0.05 s/ });
    strictEqual(open.length, 3);
    const asked = ask(3_600_000);
    await until("the request", () => open.length === 4);
    stop.abort();
    await rejects(asked, { code: "INTERRUPTED" });
  } finally {
    server.close();
    await accepting.catch(() => {});
    for (const one of open) one.close();
  }
});

Deno.test("permissions of a catalog are its hosts and the variables that name it", async () => {
  const needs = await icebergNeeds({
    type: "iceberg",
    catalog: {
      type: "rest",
      uri_env: "LAKE",
      credential_env: "SECRET",
      oauth2_server_uri: "https://login.example.com/token",
    },
  }, (name) => name === "LAKE" ? "https://lake.example.com:8443/api" : undefined);
  deepStrictEqual(needs.net, ["lake.example.com:8443", "login.example.com:443"]);
  deepStrictEqual(needs.env, ["LAKE", "SECRET"]);
});
