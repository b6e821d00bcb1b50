/**
 * PA9: no command writes or prints a password, however it was given and however the command ends. Every
 * file that is left (artifacts, reports, state, manifests) and every line of output is searched.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { filesWith, type SecretRole, secretRole, textHolds } from "../support/secrets.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const CONFIG = "rivet.yaml";

const EXPORTS = `
exports:
  - name: orders
    query: "SELECT id, value FROM orders"
    mode: chunked
    chunk_column: id
    chunk_size: 100
    chunk_checkpoint: true
    reconcile: checksum
    format: csv
    destination: { type: local, path: ./out }
  - name: leaking
    query: "SELECT id, leak(id::int) AS value FROM orders"
    mode: chunked
    chunk_column: id
    chunk_checkpoint: true
    chunk_max_attempts: 1
    tuning: { max_retries: 0 }
    format: csv
    destination: { type: local, path: ./out }
  - name: broken
    query: "SELECT nothing FROM nowhere"
    format: csv
    destination: { type: local, path: ./out }
`;

/** How a config can name the source, each with what the environment has to hold. */
function sources(
  { url, user, password }: SecretRole,
): Record<string, [string, Record<string, string>]> {
  const { hostname, port, pathname } = new URL(url);
  const fields = `type: postgres, host: "${hostname}", port: ${port}, user: ${user}, ` +
    `database: ${pathname.slice(1)}, tls: { mode: disable }`;
  return {
    "url": [`type: postgres, url: ${JSON.stringify(url)}, tls: { mode: disable }`, {}],
    "url_env": ["type: postgres, url_env: SECRET_URL, tls: { mode: disable }", { SECRET_URL: url }],
    "${VAR} in url": [`type: postgres, url: "\${SECRET_URL}", tls: { mode: disable }`, {
      SECRET_URL: url,
    }],
    "password": [`${fields}, password: ${JSON.stringify(password)}`, {}],
    "password_env": [`${fields}, password_env: SECRET`, { SECRET: password }],
  };
}

const COMMANDS: readonly string[] = [
  "check -c rivet.yaml",
  "doctor -c rivet.yaml",
  "run -c rivet.yaml -e orders --validate",
  "run -c rivet.yaml -e broken",
  "run -c rivet.yaml -e broken --json-errors",
  "run -c rivet.yaml -e orders --json --summary-output summary.json",
  "plan -c rivet.yaml -e orders",
  "plan -c rivet.yaml -e orders --format json -o plan.json",
  "apply plan.json",
  "reconcile -c rivet.yaml -e orders --format json -o reconcile.json",
  "repair -c rivet.yaml -e orders --report reconcile.json --execute",
  "reconcile -c rivet.yaml -e broken --json-errors",
  "validate -c rivet.yaml -e orders -o verdict.json",
  "state files -c rivet.yaml --json",
  "state chunks -c rivet.yaml -e orders --json",
  "state progression -c rivet.yaml --json",
  "metrics -c rivet.yaml --json",
  "journal -c rivet.yaml -e orders --json",
];

const LEAKING: readonly string[] = [
  "run -c rivet.yaml -e leaking",
  "run -c rivet.yaml -e leaking --resume --json-errors",
  "journal -c rivet.yaml -e leaking",
  "journal -c rivet.yaml -e leaking --json",
  "state chunks -c rivet.yaml -e leaking",
  "state chunks -c rivet.yaml -e leaking --json",
  "metrics -c rivet.yaml --json",
];

/** With the URL as an argument, which is the worst place for it. */
function scaffolds(url: string): string[] {
  return [
    `init --source ${url} -o init.yaml`,
    `init --source ${url} --discover -o discovery.json`,
    `init --source ${url} --table nowhere`,
  ];
}

interface Ran {
  /** Everything that the commands printed. */
  readonly printed: string;
  readonly codes: readonly number[];
}

async function runAll(
  folder: string,
  commands: readonly string[],
  env: Record<string, string>,
): Promise<Ran> {
  const printed: string[] = [];
  const codes: number[] = [];
  for (const command of commands) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, ...command.split(" ")],
      cwd: folder,
      env: { RUST_LOG: "", RIVET_LOG: "trace", ...env },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    printed.push(`${text.decode(stdout)}${text.decode(stderr)}`);
    codes.push(code);
  }
  return { printed: printed.join("\n"), codes };
}

/** Accepts a connection, reads what comes first and closes. */
function serverThatHangsUp(): { readonly port: number; close(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(1024));
      connection.close();
    }
  })();
  return { port: listener.addr.port, close: () => listener.close() };
}

/** Nothing but the config itself may hold the password. */
async function assertClean(folder: string, { printed }: Ran, password: string): Promise<void> {
  const line = printed.split("\n").find((text) => textHolds(text, password));
  equal(line, undefined);
  deepEqual(await filesWith(folder, password, [CONFIG]), []);
}

async function inFolder(source: string, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-secrets-" });
  try {
    await Deno.writeTextFile(join(folder, CONFIG), `source: { ${source} }\n${EXPORTS}`);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Those that open the source or describe it: the others see no more of it under another spelling. */
const connecting = COMMANDS.filter((line) =>
  /^(check|doctor|run|plan|apply|reconcile) /.test(line)
);
/** Those of `COMMANDS` that are meant to fail; a plan keeps references to secrets, and no secret. */
const fails = (line: string, source: string) =>
  /broken|nowhere/.test(line) || line.startsWith("check ") ||
  line === "apply plan.json" && !source.endsWith("_env");

Deno.test("PA9: the search itself finds a password in each of its spellings", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rivet-secrets-" });
  try {
    const password = "p@ss é";
    for (const text of [password, "p%40ss%20%C3%A9", "p%40ss%20%c3%a9", "cEBzcyDDqQ=="]) {
      ok(textHolds(`x${text}y`, password), text);
      await Deno.writeTextFile(join(folder, "f"), `x${text}y`);
      equal((await filesWith(folder, password)).length, 1, text);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("PA9: no password in any artifact, log, report, journal row, state or error", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  await database.sql(
    "CREATE TABLE orders AS SELECT i AS id, 'v' || i AS value FROM generate_series(1, 300) i",
  );
  const role = await secretRole(database);
  const hangUp = serverThatHangsUp();
  try {
    for (const [name, [source, env]] of Object.entries(sources(role))) {
      await t.step(`source by ${name}`, () =>
        inFolder(source, async (folder) => {
          const commands = name === "url" ? [...COMMANDS, ...scaffolds(role.url)] : connecting;
          const ran = await runAll(folder, commands, env);
          deepEqual(commands.filter((line, i) => !fails(line, name) && ran.codes[i] !== 0), []);
          equal(ran.codes[commands.indexOf("apply plan.json")] === 0, name.endsWith("_env"));
          await assertClean(folder, ran, role.password);
        }));
    }
    await t.step("a server that repeats the password, with control characters", async () => {
      const said = `'the password is ${role.password.replaceAll("'", "''")} ' || chr(27) || '[2J'`;
      await database.sql(
        `CREATE FUNCTION leak(i int) RETURNS int LANGUAGE plpgsql AS
           $f$ BEGIN RAISE EXCEPTION '%', ${said}; END $f$`,
      );
      await inFolder(
        `type: postgres, url_env: SECRET_URL, tls: { mode: disable }`,
        async (folder) => {
          const ran = await runAll(folder, LEAKING, { SECRET_URL: role.url });
          deepEqual(ran.codes, [1, 1, 0, 0, 0, 0, 0], ran.printed);
          match(ran.printed, /the password is REDACTED \\x1b\[2J/);
          equal(ran.printed.includes("\x1b"), false);
          await assertClean(folder, ran, role.password);
        },
      );
    });
    const unreachable = new URL(role.url);
    unreachable.port = "1";
    const rude = new URL(role.url);
    rude.port = String(hangUp.port);
    const wrong = { "no server": unreachable.href, "a server that hangs up": rude.href };
    const failing = [
      "run -c rivet.yaml -e orders",
      "run -c rivet.yaml -e orders --json-errors",
      "plan -c rivet.yaml -e orders",
    ];
    const tuning = "tuning: { max_retries: 1, retry_backoff_ms: 1 }";
    for (const [name, url] of Object.entries(wrong)) {
      await t.step(
        `a failing connection: ${name}`,
        () =>
          inFolder(`type: postgres, url: ${JSON.stringify(url)}, ${tuning}`, async (folder) => {
            const ran = await runAll(folder, failing, {});
            deepEqual(ran.codes, [1, 1, 1], ran.printed);
            await assertClean(folder, ran, role.password);
          }),
      );
      await t.step(
        `a failing state: ${name}`,
        () =>
          inFolder("type: postgres, url_env: SECRET_URL", async (folder) => {
            const state = `${url}?connect_timeout=1`;
            const env = { SECRET_URL: role.url, RIVET_STATE_URL: state };
            const ran = await runAll(folder, failing.slice(0, 2), env);
            deepEqual(ran.codes, [1, 1], ran.printed);
            await assertClean(folder, ran, role.password);
          }),
      );
    }
  } finally {
    hangUp.close();
    await role.drop();
    await database.drop();
    await server.stop();
  }
});
