import assert from "node:assert/strict";
import type { LoadedConfig, LoadedExport, TableSettings } from "../../../../core/config/loaded.ts";
import { openDestination } from "../../../../adapters/destinations/mod.ts";
import { openLineage } from "../../../../adapters/notifiers/mod.ts";
import { iceberg } from "../../../../adapters/tables/iceberg/mod.ts";
import { SETTINGS } from "../../../support/iceberg.ts";
import type { DestinationConfig } from "../../../../core/config/schema.ts";
import {
  DestinationError,
  type ErrorCode,
  RivetError,
  SourceError,
} from "../../../../core/base/errors.ts";
import type { Access, Destination } from "../../../../core/ports/destination.ts";
import type { Source, SourceFactory } from "../../../../core/ports/source.ts";
import type { StateStore } from "../../../../core/ports/state.ts";
import {
  categoryOf,
  type DoctorCheck,
  type DoctorDeps,
  runDoctor,
} from "../../../../core/preflight/doctor.ts";

function config(...destinations: DestinationConfig[]): LoadedConfig {
  const exports = destinations.map((destination, i) =>
    ({
      name: `e${i}`,
      config: { destination },
      destination,
      mode: { kind: "full" },
      consistency: { kind: "statement" },
      tuning: { adaptive: false },
      tableFormat: null,
    }) as Partial<LoadedExport> as LoadedExport
  );
  const loaded: Partial<LoadedConfig> = {
    source: { type: "mysql", url: "mysql://h/d" },
    exports,
    config: { exports: [] } as Partial<LoadedConfig["config"]> as LoadedConfig["config"],
  };
  return loaded as LoadedConfig;
}

interface Parts {
  readonly clockMs?: number;
  readonly connect?: Error;
  readonly destination?: Error;
  readonly refused?: Access["refused"];
}

/** Everything works but what `parts` says; `opened` collects the destinations that were looked at. */
function deps(parts: Parts, opened: DestinationConfig[] = []): DoctorDeps {
  const source: Partial<Source> = {
    info: { engine: "MariaDB", version: "11", warnings: ["a pooler is in between"] },
    rows: () => Promise.resolve([["1"]]),
    serverTimeMs: () => Promise.resolve(Date.now() + (parts.clockMs ?? 0)),
    close: () => Promise.resolve(),
  };
  const factory: Partial<SourceFactory> = {
    title: "MySQL",
    connect: () =>
      parts.connect === undefined
        ? Promise.resolve(source as Source)
        : Promise.reject(parts.connect),
  };
  const destination: Partial<Destination> = {
    capabilities: { kind: "s3", commit: "upload", retrySafe: true, md5: "listed", pieces: null },
    probe: () =>
      parts.destination === undefined
        ? Promise.resolve({ refused: parts.refused ?? [], createOnly: true, foreignMd5: null })
        : Promise.reject(parts.destination),
    close: () => Promise.resolve(),
  };
  const state: Partial<StateStore> = {
    location: "state.db",
    cursors: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  return {
    openLineage: () => Promise.resolve(null),
    table: () => Promise.resolve(iceberg),
    source: () => Promise.resolve(factory as SourceFactory),
    destination: (config) => {
      opened.push(config);
      return Promise.resolve(destination as Destination);
    },
    state: () => Promise.resolve(state as StateStore),
  };
}

function examine(parts: Parts, loaded: LoadedConfig, opened?: DestinationConfig[]) {
  const { signal } = new AbortController();
  return runDoctor(deps(parts, opened), { config: loaded, writeProbe: false, signal });
}

const status = (checks: readonly DoctorCheck[], about: DoctorCheck["about"]) =>
  checks.filter((c) => c.about === about).map((c) => [c.name, c.status, c.category]);

Deno.test("a table is opened: one that is not there yet is well, a catalog that is away is not", async () => {
  const dir = await Deno.makeTempDir({ prefix: "rivet-doctor-" });
  try {
    const local: DestinationConfig = { type: "local", path: dir };
    const loaded = config(local);
    const tabled = (settings: Partial<TableSettings>) => ({
      ...loaded,
      exports: loaded.exports.map((one) => ({ ...one, tableFormat: { ...SETTINGS, ...settings } })),
    });
    const look = async (settings: Partial<TableSettings>) => {
      const { signal } = new AbortController();
      const opened = { ...deps({}), destination: () => openDestination(local) };
      const checks = await runDoctor(opened, {
        config: tabled(settings),
        writeProbe: false,
        signal,
      });
      return checks.filter(({ about }) => about === "table");
    };
    const [well] = await look({});
    assert.deepEqual([well.name, well.status, well.message], [
      "Table (Iceberg, e0)",
      "ok",
      "not there yet",
    ]);
    const [away] = await look({
      identifier: "shop.orders",
      catalog: { type: "rest", uri: "http://127.0.0.1:1" },
    });
    assert.deepEqual([away.name, away.status, away.category], [
      "Table (Iceberg, shop.orders)",
      "fail",
      "connectivity error",
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** A server that takes connections and says nothing. */
async function withSilence(use: (port: number) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const connection of listener) taken.push(connection);
  })();
  try {
    await use((listener.addr as Deno.NetAddr).port);
  } finally {
    listener.close();
    await serving;
    taken.forEach((connection) => connection.close());
  }
}

Deno.test("who is silent is given up on: a store, a catalog, a state and a receiver of lineage", () =>
  withSilence(async (port) => {
    const dir = await Deno.makeTempDir({ prefix: "rivet-doctor-" });
    try {
      const address = `http://127.0.0.1:${port}`;
      const local: DestinationConfig = { type: "local", path: dir };
      const store: DestinationConfig = {
        ...{ type: "gcs", bucket: "b", prefix: "", endpoint: address },
        allow_anonymous: true,
      };
      const loaded = config(store, local);
      const catalog = { type: "rest", uri: address } as const;
      const settings = { ...SETTINGS, identifier: "shop.orders", catalog };
      const [stored, tabled] = loaded.exports;
      const looked = await runDoctor(
        {
          ...deps({}),
          destination: (config, grants) => openDestination(config, () => undefined, grants),
          openLineage: (config) => openLineage(config),
          state: () => new Promise<never>(() => {}),
        },
        {
          config: {
            ...loaded,
            exports: [stored, { ...tabled, tableFormat: settings }],
            config: { ...loaded.config, lineage: { url: address, timeout_s: 300 } },
          },
          writeProbe: false,
          signal: new AbortController().signal,
          withinMs: 200,
        },
      );
      assert.deepEqual(
        // A slow machine may take as long for a folder.
        looked.filter(({ status, name }) => status === "fail" && !name.includes("Local("))
          .map(({ about, category, message }) => [about, category, message]),
        (["destination", "table", "state", "lineage"] as const).map((about) => [
          ...[about, "connectivity error", "no answer within 0.2 s"],
        ]),
      );
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }));

Deno.test("what a connection warns of stands before it, and a wrong clock is a warning", async () => {
  const well = await examine({}, config());
  assert.deepEqual(status(well, "source"), [
    ["source", "warn", null],
    ["Source auth (MySQL)", "ok", null],
  ]);
  assert.match(status(well, "clock")[0].join(), /^Clock skew \(-?\d+ ms\),ok/);
  const skewed = await examine({ clockMs: -90_000 }, config());
  const [clock] = skewed.filter((c) => c.about === "clock");
  assert.equal(clock.status, "warn");
  assert.match(clock.message ?? "", /clock is 90\.\d s behind this machine's/);
});

Deno.test("places that differ in a placeholder only are looked at once", async () => {
  const opened: DestinationConfig[] = [];
  const s3 = (prefix: string, bucket = "lake"): DestinationConfig => ({
    type: "s3",
    bucket,
    prefix,
  });
  const checks = await examine(
    {},
    config(
      { type: "local", path: "/data/out/{export}/x" },
      { type: "local", path: "/data/out/{date}" },
      { type: "local", path: "{export}" },
      s3("raw/{export}/"),
      s3("raw/{date}"),
      s3("raw/", "other"),
      { type: "stdout" },
    ),
    opened,
  );
  assert.deepEqual(status(checks, "destination").map(([name]) => name), [
    "Destination Local(/data/out)",
    "Destination Local(.)",
    "Destination S3(lake)",
    "Destination S3(other)",
    "Destination Stdout",
  ]);
  assert.deepEqual(opened.slice(0, 3), [
    { type: "local", path: "/data/out/" },
    { type: "local", path: "" },
    // Below a bucket, the place that an export writes to.
    { type: "s3", bucket: "lake", prefix: "raw/e3/" },
  ]);
});

Deno.test("what an export asks and the source does not give is found before the run", async () => {
  const loaded = config({ type: "stdout" }, { type: "stdout" });
  const [first, second] = loaded.exports;
  const safe = { kind: "incremental", commitSafe: true } as Partial<LoadedExport["mode"]>;
  const checks = await examine({}, {
    ...loaded,
    exports: [first, { ...second, mode: safe as LoadedExport["mode"] }],
  });
  const found = checks.filter((c) => c.about === "export");
  assert.deepEqual(found.map((c) => [c.name, c.status, c.category, c.code]), [
    ["Export 'e1'", "fail", "error", "CONFIG_INVALID"],
  ]);
  assert.match(found[0].message ?? "", /commit_safe is not available for MariaDB/);
});

Deno.test("one failure does not hide the others", async () => {
  const checks = await examine({
    connect: new SourceError("SOURCE_AUTH", "wrong password", {
      category: "auth",
      hint: "Set it.",
    }),
    destination: new DestinationError("DESTINATION_NOT_FOUND", "no such bucket"),
  }, config({ type: "gcs", bucket: "b", prefix: "" }));
  assert.deepEqual(checks.map((c) => [c.status, c.category, c.message, c.hint]), [
    ["ok", null, null, null],
    ["fail", "auth error", "wrong password", "Set it."],
    ["fail", "bucket not found", "no such bucket", null],
    ["ok", null, null, null],
  ]);
});

Deno.test("the category follows the error's code, else its class", () => {
  const of = (code: ErrorCode, category?: RivetError["category"]) =>
    categoryOf(new RivetError(code, "x", { category }));
  assert.equal(of("SOURCE_PERMISSION"), "auth error");
  assert.equal(of("CONFIG_INVALID"), "auth error");
  assert.equal(of("SOURCE_TLS"), "connectivity error");
  assert.equal(of("DESTINATION_UNREACHABLE"), "connectivity error");
  assert.equal(of("DESTINATION_UNWRITABLE"), "error");
  assert.equal(of("STATE_UNAVAILABLE", "network"), "connectivity error");
  assert.equal(of("STATE_UNAVAILABLE", "auth"), "auth error");
  assert.equal(of("STATE_CORRUPT"), "error");
});
