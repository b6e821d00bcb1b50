/**
 * What the image promises of the program, without an engine to start one: it is the first process of its
 * container, has no home, and writes nowhere but to the work folder and the temporary one.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { writeBundle } from "../../../packaging/bundle.ts";
import { AZURITE_KEY, startAzurite } from "../../support/azurite.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../../support/s3.ts";
import { MAIN, partFiles } from "../../support/rivet.ts";
import {
  ended,
  onlyChild,
  type Program,
  SOURCE,
  spawn,
  stopsAtSafePoint,
  withShop,
} from "./packaged.ts";

/** Nobody whom the system knows, nor the image's user, who owns folders of a test beside this one. */
const NOBODY = 65531;
const PREPARE = fileURLToPath(new URL("../../../fixtures/demo/prepare_stores.ts", import.meta.url));
const PROGRAM: Program = { command: [Deno.execPath(), "run", "-A", "--no-check", MAIN], env: {} };

/**
 * As the first process of a container, where this machine lets one make such a thing: there the kernel
 * passes no signal that is not listened to. Elsewhere as any process.
 */
async function asFirst(program: Program): Promise<{ program: Program; own: boolean }> {
  const apart = ["unshare", "--pid", "--fork", "--kill-child"] as const;
  const { success: own } = await new Deno.Command(apart[0], { args: [...apart.slice(1), "true"] })
    .output().catch(() => ({ success: false }));
  if (!own) console.log("no namespace of processes here: tried as an ordinary process");
  return { program: own ? { ...program, command: [...apart, ...program.command] } : program, own };
}

/** The process itself, or the one that `unshare` started. */
const firstProcess = async (child: Deno.ChildProcess, own: boolean): Promise<number> =>
  own ? await onlyChild(child.pid) : child.pid;

Deno.test("SIGTERM stops a container's first process at a safe point", async () => {
  const { program, own } = await asFirst(PROGRAM);
  await stopsAtSafePoint(program, (child) => firstProcess(child, own));
});

Deno.test("SIGTERM ends a first process that has nothing to bring to a safe point", async () => {
  const { program, own } = await asFirst(PROGRAM);
  // A state that takes the connection and says nothing: the command waits.
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked = silent.accept();
  await withShop(async ({ folder, env }) => {
    await Deno.writeTextFile(
      join(folder, "rivet.yaml"),
      `${SOURCE}exports: [{name: t, table: t, destination: {type: local, path: ./t}}]\n`,
    );
    const state = `postgres://u:p@127.0.0.1:${silent.addr.port}/state`;
    const more = { ...env, RIVET_STATE_URL: state };
    const child = spawn(program, ["state", "show", "-c", "rivet.yaml"], folder, more);
    const end = ended(child);
    const connection = await asked;
    process.kill(await firstProcess(child, own), "SIGTERM");
    const { code, err } = await end;
    equal(code, 143, err);
    connection.close();
  });
  silent.close();
});

/** Paths below the folder for everyone's temporary files that are the user's. */
async function ownedBy(user: number): Promise<string[]> {
  const args = ["/tmp", "/var/tmp", "-maxdepth", "1", "-user", String(user)];
  const { stdout } = await new Deno.Command("find", { args }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").sort();
}

Deno.test({
  name: "a user without a home writes to the work folder and the temporary one alone",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // Only root can become somebody whom the system does not know; others try it as themselves.
    const root = Deno.uid() === 0;
    const ids = ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
    const become = root ? ["setpriv", ...ids] : [];
    const place = await Deno.makeTempDir({ prefix: "rivet-image-" });
    const s3 = await startS3();
    try {
      const program = join(place, "program");
      await writeBundle({ folder: program, visible: false });
      await Deno.copyFile(Deno.execPath(), join(place, "deno"));
      await Deno.chmod(place, 0o755);
      const own = { work: join(place, "work"), tmp: join(place, "tmp") };
      for (const folder of Object.values(own)) {
        await Deno.mkdir(folder);
        if (root) await Deno.chown(folder, NOBODY, NOBODY);
      }
      await withShop(async ({ env }) => {
        const keys = "access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET";
        await Deno.writeTextFile(
          join(own.work, "rivet.yaml"),
          `${SOURCE}exports:
  - {name: t, table: t, mode: chunked, chunk_count: 2, parallel: 2, destination: {type: local, path: ./t}}
  - {name: s, table: t, destination: {type: s3, bucket: ${S3_BUCKET}, endpoint: "${s3.endpoint}", ${keys}}}
`,
        );
        const before = await ownedBy(NOBODY);
        const nobody: Program = {
          // The cache is Deno's own; an executable has none.
          command: [
            "env",
            ...[
              "-i",
              ...become,
              "env",
              `PATH=${Deno.env.get("PATH")}`,
              `DENO_DIR=${join(own.tmp, "deno")}`,
            ],
            ...["NO_COLOR=1", `TMPDIR=${own.tmp}`, `SHOP_URL=${env.SHOP_URL}`],
            ...Object.entries(S3_ENV).map(([name, value]) => `${name}=${value}`),
            ...[join(place, "deno"), "run", "-A", "--no-config", join(program, "main.js")],
          ],
          env: {},
        };
        const { code, out, err } = await ended(
          spawn(nobody, ["run", "-c", "rivet.yaml"], own.work),
        );
        equal(code, 0, out + err);
        equal((await partFiles(join(own.work, "t"), "parquet")).length, 2);
        deepEqual(await ownedBy(NOBODY), before);

        const nameless = env.SHOP_URL.replace(/\/\/[^@]*@/, "//");
        const yaml = `source: {type: postgres, url: "${nameless}", tls: {mode: disable}}\n` +
          `exports: [{name: t, table: t, destination: {type: local, path: ./t}}]\n`;
        await Deno.writeTextFile(join(own.work, "nameless.yaml"), yaml);
        const asked = await ended(spawn(nobody, ["check", "-c", "nameless.yaml"], own.work));
        if (root) match(asked.err, /the connection URL names no user/);
      });
    } finally {
      await s3.stop();
      await Deno.remove(place, { recursive: true });
    }
  },
});

Deno.test("the compose demo's helper waits for the stores and makes the container", async () => {
  const azurite = await startAzurite();
  try {
    const endpoint = `http://127.0.0.1:${azurite.port}/devstoreaccount1`;
    const env = {
      S3_ENDPOINT: endpoint,
      AZURE_ENDPOINT: endpoint,
      AZURE_CONTAINER: "demo",
      AZURE_STORAGE_KEY: AZURITE_KEY,
    };
    const program: Program = {
      command: [Deno.execPath(), "run", "-A", "--no-check", "--cached-only", PREPARE],
      env,
    };
    for (const _ of ["made", "there already"]) {
      const { code, out, err } = await ended(spawn(program, [], "."));
      equal(code, 0, err);
      match(out, /the stores are there/);
    }
    ok(
      (await fetch(`${endpoint}/demo?restype=container`)).status !== 404,
      "the container is there",
    );
  } finally {
    await azurite.stop();
  }
});
