/** No room at the destination, for the state, for staged files: the run fails by name, and loses nothing. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { withConfig } from "../support/rivet.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../support/s3.ts";
import { mayMount, type Room, shortage } from "../support/shortage.ts";

const MOUNTING = await mayMount();
const ROWS = 8_000;

const config = (url: string, settings: string, destination: string) =>
  `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - name: wide
    table: wide
    ${settings}
    format: csv
    tuning: {profile: fast, max_retries: 0}
    destination: ${destination}
`;

/** Many parts fill a file system; where files are limited, it takes one that is too large. */
const CHUNKS = `mode: chunked\n    chunk_size: ${
  MOUNTING ? 500 : 5000
}\n    chunk_checkpoint: true`;
const INCREMENTAL = "mode: incremental\n    cursor_column: id" +
  (MOUNTING ? "\n    max_file_size: 256KB" : "");

async function files(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir))).filter(({ isFile }) => isFile)
      .map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The ids in the parts of every manifest that counts. */
async function idsOf(out: string): Promise<number[]> {
  const ids: number[] = [];
  const manifests = (await files(out)).filter((name) => /^manifest-.*\.json$/.test(name));
  for (const name of manifests) {
    const manifest = JSON.parse(await Deno.readTextFile(join(out, name)));
    ok(manifest.status !== "prepared", `${name} was left open`);
    if (manifest.status !== "success") continue;
    for (const { path } of manifest.parts) {
      const text = await Deno.readTextFile(join(out, path));
      for (const line of text.trim().split(/\r?\n/).slice(1)) ids.push(parseInt(line, 10));
    }
  }
  return ids.sort((a, b) => a - b);
}

const ALL = Array.from({ length: ROWS }, (_, i) => i);

interface Case {
  readonly name: string;
  readonly settings: string;
  /** Below the config's folder; what is short. */
  readonly short: string;
  readonly room: Room;
  readonly code: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: "a destination of 1 MB, incremental",
    settings: INCREMENTAL,
    short: "out",
    room: { kilobytes: 1_000 },
    code: /^DESTINATION_/,
  },
  {
    name: "a destination of 1 MB, chunks",
    settings: CHUNKS,
    short: "out",
    room: { kilobytes: 1_000 },
    code: /^DESTINATION_/,
  },
  {
    name: "a state of 64 kB",
    settings: CHUNKS,
    short: ".",
    room: { kilobytes: 64 },
    code: /^STATE_/,
  },
];

/** Fails by name with little room, leaves nothing half done, and ends well with more. */
async function failsThenEnds(url: string, one: Case): Promise<void> {
  await withConfig("", async (base) => {
    const dir = join(base, "project");
    const place = join(dir, one.short);
    await Deno.mkdir(place, { recursive: true });
    const short = await shortage(place, one.room, MOUNTING);
    try {
      const out = one.short === "." ? join(base, "out") : join(dir, "out");
      const destination = `{type: local, path: "${out}"}`;
      await Deno.writeTextFile(join(dir, "rivet.yaml"), config(url, one.settings, destination));
      const run = (...more: string[]) =>
        short.rivet(["run", "-c", "rivet.yaml", "--json-errors", ...more], { cwd: dir });
      const failed = await run();
      equal(failed.code, 1, failed.stderr);
      const { code } = JSON.parse(failed.stderr.trim().split("\n").at(-1) ?? "");
      match(code, one.code, failed.stderr);
      ok(!(await files(out)).includes("_SUCCESS"), "a run that failed left _SUCCESS");
      await short.grow();
      let next = await run();
      if (/CHECKPOINT_OPEN/.test(next.stderr)) next = await run("--resume");
      equal(next.code, 0, next.stderr);
      deepEqual(await idsOf(out), ALL);
    } finally {
      await short.end();
    }
  });
}

async function withWide(body: (url: string) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(
      "CREATE TABLE wide (id int PRIMARY KEY, payload text NOT NULL);" +
        `INSERT INTO wide SELECT i, repeat(md5(i::text), 8) FROM generate_series(0, ${
          ROWS - 1
        }) i;` +
        "ANALYZE wide",
    );
    await body(db.url);
  } finally {
    await db.drop();
    await server.stop();
  }
}

Deno.test("a full disk ends a run by name, and the next one loses nothing", (t) =>
  withWide(async (url) => {
    for (const one of CASES) await t.step(one.name, () => failsThenEnds(url, one));
    if (MOUNTING) {
      await t.step("a destination of few inodes, chunks", () =>
        failsThenEnds(url, {
          name: "inodes",
          settings: CHUNKS,
          short: "out",
          room: { kilobytes: 64_000, inodes: 12 },
          code: /^DESTINATION_/,
        }));
    } else {
      console.log("few inodes: not run, this user may not mount a file system; run it as root");
    }
    await t.step("little room for staged files on their way to a store", () => staged(url));
  }));

async function staged(url: string): Promise<void> {
  const s3 = await startS3();
  try {
    await withConfig("", async (dir) => {
      const temporary = join(dir, "tmp");
      await Deno.mkdir(temporary);
      const short = await shortage(temporary, { kilobytes: 1_000 }, MOUNTING);
      try {
        const destination = `{type: s3, bucket: ${S3_BUCKET}, prefix: "full/", ` +
          `endpoint: "${s3.endpoint}", access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET}`;
        const yaml = config(url, "mode: full", destination);
        await Deno.writeTextFile(join(dir, "rivet.yaml"), yaml);
        const env = { ...S3_ENV, TMPDIR: temporary };
        const run = () =>
          short.rivet(["run", "-c", "rivet.yaml", "--json-errors"], { cwd: dir, env });
        const failed = await run();
        equal(failed.code, 1, failed.stderr);
        match(failed.stderr, /No space left|File too large|room/i);
        await short.grow();
        const next = await run();
        equal(next.code, 0, next.stderr);
        deepEqual(
          (await files(temporary)).filter((name) => name.startsWith("rivet")),
          [],
        );
      } finally {
        await short.end();
      }
    });
  } finally {
    await s3.stop();
  }
}
