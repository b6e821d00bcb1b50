/**
 * Real processes that are told to stop, by SIGTERM and SIGINT in turn, wherever they wait: they end soon with
 * 130, and what they leave is completed by the next run.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startFaultProxy } from "../../support/fault_proxy.ts";
import { endOf } from "../../support/pulse.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { MAIN, rivet, withConfig } from "../../support/rivet.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../../support/s3.ts";
import { startWireProxy, type WireFault } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";

export interface StopServer {
  readonly type: "postgres" | "mysql";
  readonly url: string;
  sql(text: string): Promise<unknown>;
  /** Keeps everybody else from the table `stopped`, until it is given back. */
  lock(): Promise<() => Promise<void>>;
  /** Somebody waits for it. */
  waits(): Promise<boolean>;
}

const ROWS = 4_000;
/** The promise is ten seconds; a machine that is busy with other tests is slower than that. */
const BOUND_MS = 60_000;
const PATIENCE_MS = 60_000;

let next = 0;
/** Both signals get their share of the cases. */
const signal = (): Deno.Signal => (["SIGTERM", "SIGINT"] as const)[next++ % 2];

export interface Told {
  readonly dir: string;
  readonly args: readonly string[];
  readonly where: string;
  /** It waits there. */
  readonly there: () => boolean | Promise<boolean>;
  readonly env?: Record<string, string>;
}

/** Starts the tool, tells it to stop once it waits, and sees it end. */
export async function stopsThere({ dir, args, where, there, env }: Told): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args],
    cwd: dir,
    env: { NO_COLOR: "1", ...S3_ENV, ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const told = signal();
  let over = false;
  const ended = endOf(child, PATIENCE_MS + BOUND_MS).finally(() => over = true);
  try {
    await until(where, async () => over || await there());
    if (!over) child.kill(told);
    const since = performance.now();
    const { code, stderr } = await ended;
    assert.equal(code, 130, `${where}, ${told}: ${new TextDecoder().decode(stderr)}`);
    assert.ok(performance.now() - since < BOUND_MS, `${where}, ${told}: it took too long to end`);
  } finally {
    if (!over) child.kill("SIGKILL");
    await ended.catch(() => {});
  }
}

function yaml(type: string, url: string, settings: string, destination: string): string {
  return `source: {type: ${type}, url: "${url}", tls: {mode: disable}}
exports:
  - name: stopped
    table: stopped
    ${settings}
    tuning: {profile: balanced}
    destination: ${destination}
`;
}

const LOCAL = "{type: local, path: ./out}";
const CHUNKS = "mode: chunked\n    chunk_size: 2000\n    chunk_checkpoint: true";

/** A run that is let go on to the end: every row is there, once. */
async function endsWhole(dir: string, server: StopServer): Promise<void> {
  const config = yaml(server.type, server.url, CHUNKS, LOCAL);
  await Deno.writeTextFile(join(dir, "rivet.yaml"), config);
  let ended = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir });
  if (/--resume/.test(ended.stderr) && ended.code !== 0) {
    ended = await rivet(["run", "-c", "rivet.yaml", "--resume"], { cwd: dir });
  }
  assert.equal(ended.code, 0, ended.stderr);
  const manifest = JSON.parse(await Deno.readTextFile(join(dir, "out", "manifest.json")));
  const files = manifest.parts.map(({ path }: { path: string }) => `'${join(dir, "out", path)}'`);
  const [{ n, d }] = await queryDuckdb(
    `SELECT count(*)::INT AS n, count(DISTINCT id)::INT AS d FROM read_parquet([${files}])`,
  );
  assert.deepEqual([n, d], [ROWS, ROWS]);
}

interface WireCase {
  readonly name: string;
  readonly fault: WireFault;
  readonly settings: string;
}

/** Behind the login and the catalog, within the rows of the table. */
const MIDWAY = 120_000;
const DRIP: WireFault = { kind: "drip", afterBytes: MIDWAY, bytes: 64, ms: 100 };

const WIRES: readonly WireCase[] = [
  { name: "a login", fault: { kind: "stall", afterBytes: 0 }, settings: CHUNKS },
  {
    name: "a peer that went silent",
    fault: { kind: "stall", afterBytes: MIDWAY },
    settings: "mode: full",
  },
  { name: "waiting for a reader", fault: DRIP, settings: CHUNKS },
  { name: "waiting for two readers", fault: DRIP, settings: `${CHUNKS}\n    parallel: 2` },
];

async function overWire(server: StopServer, { name, fault, settings }: WireCase): Promise<void> {
  const target = new URL(server.url);
  const proxy = startWireProxy(Number(target.port), () => fault);
  target.hostname = "127.0.0.1";
  target.port = String(proxy.port);
  const config = yaml(server.type, target.href, settings, LOCAL);
  try {
    await withConfig(config, async (dir) => {
      const args = ["run", "-c", "rivet.yaml"];
      await stopsThere({ dir, args, where: name, there: () => proxy.reached > 0 });
      await endsWhole(dir, server);
    });
  } finally {
    await proxy.stop();
  }
}

async function behindLock(server: StopServer, command: string): Promise<void> {
  await withConfig(yaml(server.type, server.url, CHUNKS, LOCAL), async (dir) => {
    const release = await server.lock();
    try {
      const args = [command, "-c", "rivet.yaml"];
      const where = `a lock, in rivet ${command}`;
      await stopsThere({ dir, args, where, there: () => server.waits() });
    } finally {
      await release();
    }
    await endsWhole(dir, server);
  });
}

async function inUpload(server: StopServer): Promise<void> {
  const s3 = await startS3();
  const proxy = startFaultProxy(s3.port);
  const destination = `{type: s3, bucket: ${S3_BUCKET}, prefix: "stops/${server.type}/", ` +
    `endpoint: "${proxy.endpoint}", access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET}`;
  try {
    await withConfig(yaml(server.type, server.url, CHUNKS, destination), async (dir) => {
      let came = false;
      const fault = { kind: "stall", afterBytes: 1000 } as const;
      void proxy.break(/^PUT .*stopped_.*\.parquet/, fault).then(() => came = true);
      const args = ["run", "-c", "rivet.yaml"];
      await stopsThere({ dir, args, where: "an upload", there: () => came });
      proxy.heal();
      const run = await rivet(["run", "-c", "rivet.yaml", "--resume"], { cwd: dir, env: S3_ENV });
      assert.equal(run.code, 0, run.stderr);
    });
  } finally {
    await proxy.stop();
    await s3.stop();
  }
}

/** The source is slow, and the state silent from the time on that the rows come. */
async function silentState(server: StopServer, stateUrl: string): Promise<void> {
  const [source, state] = [new URL(server.url), new URL(stateUrl)];
  const rows = startWireProxy(Number(source.port), () => DRIP);
  const wire = startWireProxy(Number(state.port), () => null);
  for (const [url, { port }] of [[source, rows], [state, wire]] as const) {
    url.hostname = "127.0.0.1";
    url.port = String(port);
  }
  try {
    await withConfig(yaml(server.type, source.href, CHUNKS, LOCAL), (dir) =>
      stopsThere({
        dir,
        args: ["run", "-c", "rivet.yaml"],
        where: "a state that went silent",
        there: () => {
          if (rows.reached > 0) wire.hold();
          return rows.reached > 0;
        },
        env: { RIVET_STATE_URL: state.href },
      }));
  } finally {
    await rows.stop();
    await wire.stop();
  }
}

/** @param stateUrl of an empty state in PostgreSQL; absent: not tried. */
export async function stopsAnywhere(
  t: Deno.TestContext,
  server: StopServer,
  stateUrl?: string,
): Promise<void> {
  await server.sql("CREATE TABLE stopped (id int PRIMARY KEY, payload varchar(100) NOT NULL)");
  const values = Array.from({ length: ROWS }, (_, i) => `(${i}, '${String(i).padStart(90, "x")}')`);
  await server.sql(`INSERT INTO stopped VALUES ${values.join(", ")}`);
  for (const command of ["run", "check", "plan"]) {
    await t.step(`behind a lock, in rivet ${command}`, () => behindLock(server, command));
  }
  for (const wire of WIRES) await t.step(wire.name, () => overWire(server, wire));
  await t.step("an upload", () => inUpload(server));
  if (stateUrl !== undefined) {
    await t.step("a state that went silent", () => silentState(server, stateUrl));
  }
}
