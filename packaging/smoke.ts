/**
 * `deno run -A packaging/smoke.ts COMMAND...`: starts the embedded PostgreSQL and lets COMMAND, an
 * executable or anything else that takes Rivet's arguments, export from it: in Workers, to Parquet and
 * CSV. For executables, whose Workers and codecs live elsewhere than in the sources.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startDemoServer } from "../fixtures/demo/server.ts";
import { RIVET_VERSION } from "../core/base/version.ts";

/** Relative paths would mean something else in the folder that the command runs in. */
const [program, ...first] = Deno.args;

async function rivet(args: readonly string[], cwd: string, env = {}): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...first, ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, `rivet ${args.join(" ")}\n${text.decode(stdout)}${text.decode(stderr)}`);
  return text.decode(stdout);
}

const config = (codec: string): string => `
source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}, tuning: {profile: fast}}
exports:
  - name: orders
    table: orders
    mode: chunked
    chunk_count: 4
    chunk_checkpoint: true
    parallel: 2
    compression: ${codec}
    columns: {price: "decimal(10,2)"}
    destination: {type: local, path: ./${codec}}
  - name: users
    table: users
    format: csv
    destination: {type: local, path: ./csv}
`;

async function smoke(folder: string): Promise<void> {
  assert.equal((await rivet(["--version"], folder)).trim(), `rivet ${RIVET_VERSION}`);
  const build = JSON.parse(await rivet(["--version", "--json"], folder));
  assert.deepEqual(Object.keys(build), ["version", "commit", "target", "deno", "v8"]);
  assert.match(build.commit, /^[0-9a-f]{40}$/);
  assert.ok((await rivet(["schema", "config"], folder)).includes("chunk_checkpoint"));
  const server = await startDemoServer();
  try {
    for (const codec of ["zstd", "snappy", "gzip", "lz4"]) {
      await Deno.writeTextFile(join(folder, "rivet.yaml"), config(codec));
      const env = { DATABASE_URL: server.url };
      const text = await rivet(["run", "-c", "rivet.yaml", "--validate", "--json"], folder, env);
      const run = JSON.parse(text) as { readonly exports: readonly { readonly rows: number }[] };
      assert.ok(run.exports.every(({ rows }) => rows > 0), text);
      console.log(`${codec}: ${run.exports.map(({ rows }) => rows).join(" + ")} rows`);
    }
  } finally {
    await server.stop();
  }
}

const folder = await Deno.makeTempDir({ prefix: "rivet-smoke-" });
try {
  await smoke(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
