/**
 * Object stores that the tests do not bring along: the conformance cases, a file in pieces and what the
 * probe found out, over HTTP and over TLS with a private authority. No part of the gate.
 *
 *   deno run -A tests/interop/stores.ts [versitygw] [moto_server] [fake-gcs-server]
 *
 * Starts those of the programs that are on PATH, or those that are named. Exits 1 when a case fails.
 */
import { join } from "node:path";
import { openGcs } from "../../adapters/destinations/gcs/mod.ts";
import type { ObjectDestination } from "../../adapters/destinations/kit/object_store.ts";
import { openS3 } from "../../adapters/destinations/s3/mod.ts";
import { destinationCases, putFile } from "../conformance/destination.ts";
import { startTlsFront } from "../support/tls_front.ts";
import type { StoreOptions } from "../../adapters/destinations/kit/store_options.ts";
import { chosen, scriptArgs } from "../../packaging/script.ts";

const BUCKET = "exports";
const KEYS: Record<string, string> = { KEY: "RIVETTEST", SECRET: "rivet-test-secret" };
/** Real stores take no smaller pieces. */
const IN_PIECES: StoreOptions = {
  limits: { singlePutBytes: 1_000_000, partBytes: 5 << 20, concurrency: 3, pageObjects: 40 },
};
const START_MS = 30_000;

type Open = (
  endpoint: string,
  prefix: string,
  caFile?: string,
  secret?: string,
) => Promise<ObjectDestination>;

interface Server {
  readonly program: string;
  args(port: number, folder: string): readonly string[];
  readonly env?: Record<string, string>;
  makeBucket(endpoint: string, folder: string): Promise<unknown>;
  readonly open: Open;
  /** It compares signatures. */
  readonly knowsKeys?: boolean;
}

const s3: Open = (endpoint, prefix, ca_file, secret = KEYS.SECRET) =>
  openS3(
    {
      type: "s3",
      bucket: BUCKET,
      prefix,
      endpoint,
      ca_file,
      access_key_env: "KEY",
      secret_key_env: "SECRET",
    },
    (name) => name === "SECRET" ? secret : KEYS[name],
    IN_PIECES,
  );

const SERVERS: readonly Server[] = [
  {
    program: "versitygw",
    args: (port, folder) => ["--port", `127.0.0.1:${port}`, "posix", folder],
    env: { ROOT_ACCESS_KEY: KEYS.KEY, ROOT_SECRET_KEY: KEYS.SECRET },
    makeBucket: (_, folder) => Deno.mkdir(join(folder, BUCKET)),
    open: s3,
    knowsKeys: true,
  },
  {
    program: "moto_server",
    args: (port) => ["-H", "127.0.0.1", "-p", String(port)],
    makeBucket: (endpoint) => fetch(`${endpoint}/${BUCKET}`, { method: "PUT" }),
    open: s3,
  },
  {
    program: "fake-gcs-server",
    args: (port, folder) => [
      ...["-scheme", "http", "-host", "127.0.0.1", "-port", String(port)],
      ...["-backend", "memory", "-data", folder, "-external-url", `http://127.0.0.1:${port}`],
    ],
    makeBucket: (endpoint) =>
      fetch(`${endpoint}/storage/v1/b`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: BUCKET }),
      }),
    open: (endpoint, prefix, ca_file) =>
      openGcs(
        { type: "gcs", bucket: BUCKET, prefix, endpoint, ca_file, allow_anonymous: true },
        () => undefined,
        IN_PIECES,
      ),
  },
];

interface Outcome {
  readonly name: string;
  readonly problem: string | null;
}

async function attempt(name: string, work: () => Promise<unknown>): Promise<Outcome> {
  try {
    await work();
    return { name, problem: null };
  } catch (error) {
    return { name, problem: String(error) };
  }
}

async function tryAll(open: (prefix: string) => Promise<ObjectDestination>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const on = async (name: string, prefix: string, run: (d: ObjectDestination) => Promise<void>) => {
    const destination = await open(prefix);
    outcomes.push(await attempt(name, () => run(destination)));
    await destination.close();
  };
  for (const [i, { name, run }] of destinationCases.entries()) {
    await on(name, `${crypto.randomUUID()}/case-${i}`, run);
  }
  await on("65 MiB in pieces", crypto.randomUUID(), async (destination) => {
    await putFile(destination, "large", new Uint8Array(65 << 20).fill(7));
    const found = await destination.head("large");
    if (found?.sizeBytes !== 65 << 20) throw new Error(`${found?.sizeBytes} bytes are there`);
  });
  await on("the probe", crypto.randomUUID(), async (destination) => {
    const access = await destination.probe({ write: true, list: true, compare: true });
    console.log(`    the probe found: ${JSON.stringify(access)}`);
  });
  return outcomes;
}

/** A look-up is refused without a word; what is said must be of the secret all the same. */
async function wrongSecret(destination: ObjectDestination): Promise<void> {
  try {
    await destination.head("part");
  } catch (error) {
    if (/SignatureDoesNotMatch/.test(String(error))) return;
    throw error;
  } finally {
    await destination.close();
  }
  throw new Error("a wrong secret was not refused");
}

async function untilListening(port: number): Promise<void> {
  for (const end = performance.now() + START_MS; performance.now() < end;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`nothing listens on ${port}`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function report(way: string, outcomes: readonly Outcome[]): number {
  const failed = outcomes.filter(({ problem }) => problem !== null);
  console.log(`  ${way}: ${outcomes.length - failed.length} of ${outcomes.length} cases`);
  for (const { name, problem } of failed) console.log(`    FAILED ${name}: ${problem}`);
  return failed.length;
}

/** The number of failures; null where the program is not there. */
async function tryServer(server: Server): Promise<number | null> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-interop-" });
  const port = freePort();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(server.program, {
      args: [...server.args(port, folder)],
      env: server.env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  console.log(server.program);
  try {
    await untilListening(port);
    const endpoint = `http://127.0.0.1:${port}`;
    await server.makeBucket(endpoint, folder);
    let failures = report("http", await tryAll((prefix) => server.open(endpoint, prefix)));
    const front = await startTlsFront(port);
    const secure = await tryAll((prefix) => server.open(front.endpoint, prefix, front.caFile));
    failures += report("https", secure);
    if (server.knowsKeys === true) {
      const wrong = await server.open(front.endpoint, "", front.caFile, "not the secret");
      failures += report("wrong secret", [await attempt("look-up", () => wrongSecret(wrong))]);
    }
    await front.stop();
    return failures;
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const programs = SERVERS.map(({ program }) => program);
  const { positionals } = scriptArgs(import.meta.url, {}, Infinity);
  const named = positionals.length === 0
    ? programs
    : chosen(import.meta.url, positionals.join(), programs);
  const wanted = SERVERS.filter(({ program }) => named.includes(program));
  let failures = 0;
  for (const server of wanted) {
    const found = await tryServer(server);
    if (found === null) console.log(`${server.program}: not on PATH`);
    failures += found ?? 0;
  }
  Deno.exit(failures === 0 ? 0 : 1);
}
