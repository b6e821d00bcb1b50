/** A server that goes silent, and a run that is told to stop: neither waits for ever. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { Tuning } from "../../../core/config/tuning.ts";
import { RivetError } from "../../../core/base/errors.ts";
import type { Source } from "../../../core/ports/source.ts";
import { caseTuning, failsWith, requestFor, type SourceHarness } from "../../conformance/source.ts";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { withFolder } from "./command.ts";
import { mysqlHarness } from "./harness.ts";
import { until } from "../../support/until.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

/** Passes bytes on until it is told to swallow them; connections stay open. */
class SilentProxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #upstream: URL;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;
  /** Bytes that the server may still send; connections that begin later get none either. */
  left = Infinity;

  constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#serving = this.#serve();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async #serve(): Promise<void> {
    const passing: Promise<void>[] = [];
    for await (const client of this.#listener) passing.push(this.#pass(client));
    await Promise.all(passing);
  }

  async #pass(client: Deno.Conn): Promise<void> {
    const { hostname, port } = this.#upstream;
    const server = await Deno.connect({ hostname, port: Number(port) });
    this.#open.add(client).add(server);
    await Promise.all([this.#copy(client, server, false), this.#copy(server, client, true)]);
  }

  async #copy(from: Deno.Conn, to: Deno.Conn, counted: boolean): Promise<void> {
    try {
      for await (const bytes of from.readable) {
        if (counted && bytes.length > this.left) this.left = 0;
        if (this.left === 0) continue;
        if (counted) this.left -= bytes.length;
        for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
      }
    } catch {
      // The other side has closed.
    }
    this.#drop(to);
  }

  #drop(socket: Deno.Conn): void {
    if (!this.#open.delete(socket)) return;
    try {
      socket.close();
    } catch {
      // Its stream has ended already.
    }
  }

  async stop(): Promise<void> {
    this.#listener.close();
    for (const socket of [...this.#open]) this.#drop(socket);
    await this.#serving.catch(() => {});
  }
}

interface Place {
  readonly harness: SourceHarness;
  readonly url: string;
  readonly proxy: SilentProxy;
}

async function connect(
  { url, proxy }: Place,
  { tuning, signal, connectS = 30 }: {
    readonly tuning?: Partial<Tuning>;
    readonly signal?: AbortSignal;
    readonly connectS?: number;
  } = {},
): Promise<Source> {
  const factory = await sourceFactory("mysql");
  const target = new URL(url);
  target.port = String(proxy.port);
  target.search = `?connect_timeout=${connectS}`;
  return await factory.connect({
    source: { type: "mysql", url: target.href },
    tuning: caseTuning({ networkTimeoutS: 2, ...tuning }),
    applicationName: "rivet-faults",
    signal,
  });
}

/** Generous: the limits are two seconds. */
async function soon<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it still waits after 60 s")), 60_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const STEPS: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  "a server that never greets": async (place) => {
    place.proxy.left = 0;
    await soon(failsWith(connect(place, { connectS: 2 }), "SOURCE_UNREACHABLE", "network", /2 s/));
  },
  "a server that is silent in the login": async (place) => {
    place.proxy.left = 120;
    await soon(failsWith(connect(place, { connectS: 2 }), "SOURCE_UNREACHABLE", "network", /2 s/));
  },
  "a server that is silent after the login": async (place) => {
    const source = await connect(place);
    place.proxy.left = 0;
    const rows = source.rows("SELECT 1");
    await soon(failsWith(rows, "SOURCE_DISCONNECTED", "network", /network_timeout_s/));
    await soon(source.close());
  },
  "a server that is silent among rows": async (place) => {
    const source = await connect(place);
    const query = "SELECT a.id, REPEAT('x', 1000) AS t FROM numbers a CROSS JOIN digits b";
    const request = await requestFor(source, query, { batchBytes: 100_000 });
    place.proxy.left = 3_000_000;
    const read = Array.fromAsync(source.read(request));
    await soon(failsWith(read, "SOURCE_DISCONNECTED", "network", /nothing came/));
    await soon(source.close());
  },
  "a statement that takes its time is no silence": async (place) => {
    const source = await connect(place);
    assert.deepEqual(await soon(source.rows("SELECT SLEEP(3)")), [["0"]]);
    await source.close();
  },
  "a reader that takes its time is no silence": async (place) => {
    const source = await connect(place);
    const query = "SELECT a.id, REPEAT('x', 1000) AS t FROM numbers a CROSS JOIN digits b";
    const request = await requestFor(source, query, { batchBytes: 1_000_000 });
    let rows = 0;
    for await (const batch of source.read(request)) {
      if (rows === 0) await new Promise((resolve) => setTimeout(resolve, 3000));
      rows += batch.rows;
    }
    assert.equal(rows, 200_000);
    await source.close();
  },
  "an abort ends the connecting": async (place) => {
    place.proxy.left = 0;
    const abort = new AbortController();
    const connecting = connect(place, { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    await soon(failsWith(connecting, "INTERRUPTED", "permanent", /interrupted/));
    await failsWith(
      connect(place, { signal: abort.signal }),
      "INTERRUPTED",
      "permanent",
      /interrupted/,
    );
  },
  "an abort ends the statement at the server": async (place) => {
    const abort = new AbortController();
    const source = await connect(place, { signal: abort.signal });
    const rows = source.rows("SELECT SLEEP(600)").then(() => null, (error: unknown) => error);
    const running = () => place.harness.running("rivet-faults");
    await until("the statement", async () => await running() > 0);
    abort.abort();
    const error = await soon(rows);
    assert.ok(error instanceof RivetError && error.code === "INTERRUPTED", String(error));
    await soon(source.close());
    await until("the end of the statement", async () => await running() === 0);
  },
  "an abort of a silent server's statement": async (place) => {
    const abort = new AbortController();
    const source = await connect(place, { tuning: { networkTimeoutS: 0 }, signal: abort.signal });
    place.proxy.left = 0;
    const rows = source.rows("SELECT 1");
    setTimeout(() => abort.abort(), 100);
    await soon(failsWith(rows, "INTERRUPTED", "permanent", /interrupted/));
    await soon(source.close());
  },
};

/** A run that plans behind a lock, and is told to stop. */
async function checkSignal(harness: SourceHarness, url: string): Promise<void> {
  const release = await harness.lock("numbers");
  try {
    await withFolder(async (dir) => {
      const config = join(dir, "rivet.yaml");
      await Deno.writeTextFile(
        config,
        `source: {type: mysql, url: "${url}", tls: {mode: disable}}\nexports:\n  - {name: t, ` +
          "table: numbers, mode: chunked, destination: {type: local, path: ./out}}\n",
      );
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", MAIN, "run", "-c", config],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const output = child.output();
      await until("the statement", async () => await harness.running("rivet/t") > 0);
      child.kill("SIGTERM");
      const { code, stderr } = await soon(output);
      assert.equal(code, 130, new TextDecoder().decode(stderr));
      await until("the end of the statement", async () => await harness.running("rivet/t") === 0);
    });
  } finally {
    await release();
  }
}

mysqlTest("mysql: silence and interruption", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const harness = await mysqlHarness(database);
      for (const [name, step] of Object.entries(STEPS)) {
        await t.step(name, async () => {
          const proxy = new SilentProxy(database.url);
          try {
            await step({ harness, url: database.url, proxy });
          } finally {
            await proxy.stop();
          }
        });
      }
      await t.step(
        "a signal while a statement waits for a lock",
        () => checkSignal(harness, database.url),
      );
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
