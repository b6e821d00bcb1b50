/** `tuning.adaptive` on a server that is handed in: others wait for locks, then no longer. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openSqlite, STATE_FILE } from "../../../state/open.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";

export interface BusyServer {
  readonly type: "postgres" | "mysql";
  readonly url: string;
  sql(text: string): Promise<unknown>;
  /** Makes sessions wait for a lock, more than a production server bears; the result lets them go. */
  makeWait(): Promise<() => Promise<void>>;
}

/** Keys of 30 chunks. */
const ROWS = 600;
const CONFIG = ({ type, url }: BusyServer, tuning: string) =>
  `source:
  type: ${type}
  url: "${url}"
  tls: {mode: disable}
  environment: production
  tuning: {profile: fast, adaptive: true${tuning}}
exports:
  - name: rows
    table: rows_of
    mode: chunked
    chunk_column: id
    chunk_size: 20
    parallel: 4
    destination: {type: local, path: ./out}
`;

interface PaceChange {
  readonly readers: number;
  readonly batch_percent: number;
  readonly because: readonly string[];
}

async function paceChanges(dir: string): Promise<PaceChange[]> {
  const state = await openSqlite(join(dir, STATE_FILE));
  try {
    const [{ events }] = await state.journal({ exportName: "rows", last: 1 });
    return events.filter(({ event }) => event === "pace_changed").map(({ data }) =>
      JSON.parse(data)
    );
  } finally {
    await state.close();
  }
}

/** After so many looks the sessions are let go: the pace is as slow as it gets by then. */
const LET_GO = 4;
/** By then the source has been calm for long enough. */
const ENOUGH = 40;

/**
 * Runs while sessions wait, and lets them go once the pace is as slow as it gets. Files are not taken before the
 * source has been calm for some looks, so that looks, and not time, decide.
 */
export async function slowsAndRecovers(
  server: BusyServer,
  tuning: string,
  slowest: Pick<PaceChange, "readers" | "batch_percent">,
): Promise<void> {
  await server.sql("DROP TABLE IF EXISTS rows_of");
  await server.sql("CREATE TABLE rows_of (id int PRIMARY KEY, note varchar(20))");
  const values = Array.from({ length: ROWS }, (_, id) => `(${id}, 'n${id}')`);
  await server.sql(`INSERT INTO rows_of VALUES ${values.join(", ")}`);
  await withConfig(CONFIG(server, tuning), async (dir) => {
    const letGo = await server.makeWait();
    let looks = 0;
    let released: Promise<void> | null = null;
    const calm = Promise.withResolvers<void>();
    const run = await runConfig(dir, {}, (deps) => ({
      ...deps,
      lookMs: 20,
      source: async (type) => {
        const factory = await deps.source(type);
        return {
          ...factory,
          connect: async (options) => {
            const source = await factory.connect(options);
            return new Proxy(source, {
              get(object, key) {
                const value = Reflect.get(object, key, object);
                if (key !== "load") return typeof value === "function" ? value.bind(object) : value;
                return async () => {
                  const load = await object.load?.();
                  if (++looks === LET_GO) released = letGo();
                  if (looks === ENOUGH) calm.resolve();
                  return load;
                };
              },
            });
          },
        };
      },
      destination: async (config) => {
        const destination = await deps.destination(config);
        return new Proxy(destination, {
          get(object, key) {
            const value = Reflect.get(object, key, object);
            const method = typeof value === "function" ? value.bind(object) : value;
            if (key !== "put") return method;
            return async (...args: unknown[]) => {
              await calm.promise;
              return await method(...args);
            };
          },
        });
      },
    })).finally(() => released ?? letGo());
    assert.equal(run.exports[0].error?.message, undefined);
    const changes = await paceChanges(dir);
    assert.match(changes[0].because.join(), /sessions wait for locks \(limit 2\)/);
    assert.deepEqual([changes[0].readers, changes[0].batch_percent], [2, 50]);
    const low = changes.findIndex(({ readers, batch_percent }) =>
      readers === slowest.readers && batch_percent === slowest.batch_percent
    );
    assert.ok(low >= 0, JSON.stringify(changes));
    const last = changes.at(-1);
    assert.deepEqual([last?.readers, last?.batch_percent, last?.because], [4, 100, []]);
    const rows = await queryDuckdb(
      `SELECT count(DISTINCT id) AS n, count(*) AS all FROM read_parquet('${dir}/out/*.parquet')`,
    );
    assert.deepEqual([Number(rows[0].n), Number(rows[0].all)], [ROWS, ROWS]);
  });
}
