import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { loadConfig } from "../../../../core/config/load.ts";
import type { LoadedConfig } from "../../../../core/config/loaded.ts";
import { ConfigError } from "../../../../core/base/errors.ts";
import { forgetSecrets, redact } from "../../../../core/base/redact.ts";

const FIXTURES = new URL("../../../../fixtures/config/", import.meta.url).pathname;
const ENV: Readonly<Record<string, string>> = { HOME: "/home/me" };

function load(
  path: string,
  env: Readonly<Record<string, string>> = ENV,
  params: Readonly<Record<string, string>> = {},
): Promise<LoadedConfig> {
  return loadConfig(path, {
    params: new Map(Object.entries(params)),
    env: (name) => env[name],
  });
}

async function failure(promise: Promise<unknown>): Promise<ConfigError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  assert.fail("loading should have failed");
}

/** Writes `files` into a fresh folder and hands it to `body`. */
async function withFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  body: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${dir}/${name}`, bytes);
    }
    await body(dir);
  } finally {
    forgetSecrets();
    await Deno.remove(dir, { recursive: true });
  }
}

const SOURCE = "source: {type: postgres, url_env: U, tls: {mode: disable}}\n";
const EXPORT = "exports:\n  - {name: a, table: t, destination: {type: local, path: out}}\n";

const bad = [...Deno.readDirSync(`${FIXTURES}bad`)].map((entry) => entry.name)
  .filter((name) => name.endsWith(".yaml")).sort();

Deno.test("every bad fixture has its golden problems", async (t) => {
  assert.ok(bad.length >= 25, `${bad.length} fixtures`);
  for (const name of bad) {
    await t.step(name, async () => {
      const error = await failure(load(`${FIXTURES}bad/${name}`));
      const golden = await Deno.readTextFile(`${FIXTURES}bad/${name.replace(".yaml", ".txt")}`);
      assert.equal(error.problems.join("\n").replaceAll(`${FIXTURES}bad/`, "") + "\n", golden);
      assert.equal(error.code, "CONFIG_INVALID");
      for (const problem of error.problems) assert.ok(error.message.includes(problem));
    });
  }
  forgetSecrets();
});

Deno.test("no problem shows a password, whatever is wrong with it", async () => {
  for (const name of bad) {
    const { message } = await failure(load(`${FIXTURES}bad/${name}`));
    for (const secret of ["hunter2secret", "99887766", "T0/B0/xyz"]) {
      assert.ok(!message.includes(secret), `${name} shows ${secret}`);
    }
  }
  forgetSecrets();
});

/** The pages quote parts of a file; what a part lacks is put around it. */
function complete(fragment: string): string {
  if (/^destination:/m.test(fragment)) {
    const indented = fragment.split("\n").map((line) => `    ${line}`).join("\n");
    return `${SOURCE}exports:\n  - name: a\n    table: t\n${indented}\n`;
  }
  return (/^source:/m.test(fragment) ? "" : SOURCE) + fragment +
    (/^exports:/m.test(fragment) ? "" : `\n${EXPORT}`);
}

Deno.test("every YAML of the reference documents is accepted as it is", async (t) => {
  const names = [...Deno.readDirSync(FIXTURES)].map((entry) => entry.name)
    .filter((name) => /^reference-.*\.yaml$/.test(name)).sort();
  assert.equal(names.length, 15);
  for (const name of names) {
    await t.step(name, async () => {
      const text = complete(await Deno.readTextFile(FIXTURES + name));
      await withFolder({ "rivet.yaml": text }, async (dir) => {
        const config = await load(`${dir}/rivet.yaml`);
        assert.ok(config.exports.length > 0);
      });
    });
  }
});

Deno.test("the pilot's export has its derived values", async () => {
  const config = await load(`${FIXTURES}reference-pilot-walkthrough-0.16-02.yaml`);
  const [orders, coalesce] = config.exports;
  assert.equal(config.dir, resolve(FIXTURES));
  assert.equal(orders.config.chunk_checkpoint, true);
  assert.deepEqual(orders.overrides.get("price"), { kind: "decimal", precision: 10, scale: 2 });
  assert.deepEqual(orders.destination, { type: "local", path: resolve(FIXTURES, "output") });
  assert.deepEqual(orders.compression, { codec: "zstd", level: 3 });
  assert.equal(orders.tuning.throttleMs, 50);
  assert.equal(orders.query?.startsWith("SELECT id, user_id"), true);
  assert.equal(orders.table, null);
  assert.equal(coalesce.config.incremental_cursor_mode, "coalesce");
});

Deno.test("a missing file, a folder and a file that is no text are named", async () => {
  await withFolder({ "latin1.yaml": new Uint8Array([0x61, 0x3a, 0x20, 0xe9]) }, async (dir) => {
    const missing = await failure(load(`${dir}/nowhere.yaml`));
    assert.equal(missing.code, "CONFIG_NOT_FOUND");
    assert.equal(missing.message, `configuration file ${dir}/nowhere.yaml does not exist`);
    assert.match(missing.hint ?? "", /rivet init/);
    const folder = await failure(load(dir));
    assert.equal(folder.code, "CONFIG_INVALID");
    assert.match(folder.message, /is a directory, not a file/);
    assert.match((await failure(load(`${dir}/latin1.yaml`))).message, /is not UTF-8 text/);
  });
});

Deno.test("anchors, aliases and merge keys work, and problems inside them have a place", async () => {
  const text = `${SOURCE}exports:
  - &first
    name: a
    table: t
    destination: &out {type: local, path: out}
  - <<: *first
    name: b
    compresion: zstd
  - {<<: *first, name: c, destination: *out}
`;
  await withFolder({ "rivet.yaml": text }, async (dir) => {
    const error = await failure(load(`${dir}/rivet.yaml`));
    assert.deepEqual(error.problems, [
      `${dir}/rivet.yaml:9:5: exports[1].compresion: unknown key; did you mean "compression"?`,
    ]);
    await Deno.writeTextFile(`${dir}/rivet.yaml`, text.replace("compresion", "compression"));
    const config = await load(`${dir}/rivet.yaml`);
    assert.deepEqual(config.exports.map((e) => [e.name, e.table]), [
      ["a", "t"],
      ["b", "t"],
      ["c", "t"],
    ]);
  });
  const merged = text.replace("table: t", "table: t\n    parallel: 0").replace(
    "compresion",
    "compression",
  );
  await withFolder({ "rivet.yaml": merged }, async (dir) => {
    const { problems } = await failure(load(`${dir}/rivet.yaml`));
    // All three exports have the merged key, which stands in one place.
    assert.equal(problems.filter((p) => p.includes("rivet.yaml:6:5: exports[")).length, 3);
  });
});

Deno.test("variables take the type of their field; an unset one is empty, with a warning", async () => {
  const text =
    `source: {type: postgres, host: db, user: "\${REGION}", database: "d\${NOPE}", password: "\${PASS}"}
exports:
  - name: a
    table: t
    parallel: \${WORKERS}
    skip_empty: \${SKIP}
    destination: {type: local, path: "out/\${PASS}/{date}"}
`;
  const env = { PASS: "12345", WORKERS: "4", SKIP: "true", REGION: "${PASS}" };
  await withFolder({ "rivet.yaml": text }, async (dir) => {
    const config = await load(`${dir}/rivet.yaml`, env);
    assert.equal(config.source.password, "12345");
    assert.equal(config.source.database, "d");
    assert.equal(config.exports[0].config.parallel, 4);
    assert.equal(config.exports[0].config.skip_empty, true);
    // A variable's value is not substituted again.
    assert.equal(config.source.user, "${PASS}");
    assert.deepEqual(config.exports[0].destination, {
      type: "local",
      path: `${dir}/out/12345/{date}`,
    });
    assert.ok(config.warnings.includes(
      `${dir}/rivet.yaml:1:55: source.database: not set in the environment, so replaced by nothing: NOPE`,
    ));
    const wrong = await failure(load(`${dir}/rivet.yaml`, { ...env, WORKERS: "many" }));
    assert.match(wrong.message, /exports\[0\]\.parallel: expected a whole number, got "many"/);
  });
});

Deno.test("queries take --param before the environment; query_file is found beside the file", async () => {
  const text = `${SOURCE}exports:
  - name: a
    query_file: sql/../q.sql
    destination: {type: local, path: /abs/out}
  - name: b
    query: "SELECT '\${region}', '$1', $$x$$"
    destination: {type: gcs, bucket: b, credentials_file: keys/sa.json}
`;
  const sql = "SELECT * FROM t\nWHERE r = '${region}' AND y = '${YEAR}';\n";
  await withFolder({ "rivet.yaml": text, "q.sql": sql }, async (dir) => {
    await Deno.mkdir(`${dir}/sql`);
    const config = await load(`${dir}/rivet.yaml`, { region: "env", YEAR: "2026" }, {
      region: "us-east",
      reigon: "x",
    });
    assert.equal(config.exports[0].query, "SELECT * FROM t\nWHERE r = 'us-east' AND y = '2026'");
    assert.equal(config.exports[1].query, "SELECT 'us-east', '$1', $$x$$");
    assert.deepEqual(config.exports[0].destination, { type: "local", path: "/abs/out" });
    assert.deepEqual(config.exports[1].destination, {
      type: "gcs",
      bucket: "b",
      prefix: "",
      credentials_file: `${dir}/keys/sa.json`,
    });
    assert.deepEqual(config.warnings, [
      `${dir}/rivet.yaml: no query uses \${reigon}, which --param gives`,
    ]);
  });
});

Deno.test("a key without a value counts as not written", async () => {
  const text = SOURCE + EXPORT.replace("table: t", "table: t, columns: , cursor_column: ~") +
    "notifications:\n";
  await withFolder({ "rivet.yaml": text }, async (dir) => {
    const config = await load(`${dir}/rivet.yaml`);
    assert.equal(config.config.notifications, undefined);
    assert.equal(config.exports[0].overrides.size, 0);
  });
});

Deno.test("a column may be called __proto__, as any other", async () => {
  const settings = "columns: {__proto__: text}, quality: {null_ratio_max: {__proto__: 0.5}}";
  const text = SOURCE + EXPORT.replace("table: t", `table: t, ${settings}`);
  await withFolder({ "rivet.yaml": text }, async (dir) => {
    const [exported] = (await load(`${dir}/rivet.yaml`)).exports;
    assert.deepEqual([...exported.overrides.keys()], ["__proto__"]);
    const ratios = Object.entries(exported.config.quality?.null_ratio_max ?? {});
    assert.deepEqual(ratios, [["__proto__", 0.5]]);
  });
  const wrong = text.replace("0.5", "5");
  await withFolder({ "rivet.yaml": wrong }, async (dir) => {
    const error = await failure(load(`${dir}/rivet.yaml`));
    assert.match(error.message, /null_ratio_max\.__proto__: .*1/);
  });
});

Deno.test("paths of the source are resolved; the file as written is kept", async () => {
  const text = "source: {type: postgres, url_file: db.url, tls: {ca_file: ca.pem}}\n" + EXPORT;
  await withFolder({ "rivet.yaml": text }, async (dir) => {
    const config = await load(`${dir}/rivet.yaml`);
    assert.equal(config.source.url_file, `${dir}/db.url`);
    assert.equal(config.source.tls?.ca_file, `${dir}/ca.pem`);
    assert.equal(config.source.tls?.mode, "verify-full");
    assert.equal(config.config.source.url_file, "db.url");
  });
});

Deno.test("loading registers the passwords it read", async () => {
  const text = `source: {type: postgres, url: "postgres://u:\${PW}@h/db"}\n${EXPORT}` +
    "notifications: {slack: {webhook_url: https://example.org/hook/abcdef}}\n";
  await withFolder({ "rivet.yaml": text }, async (dir) => {
    await load(`${dir}/rivet.yaml`, { PW: "s3cret%40pass" });
    assert.equal(
      redact("failed for s3cret@pass and s3cret%40pass"),
      "failed for REDACTED and REDACTED",
    );
    assert.equal(redact("POST https://example.org/hook/abcdef"), "POST REDACTED");
  });
});

Deno.test("no problem repeats what may be a secret", async () => {
  const values = [
    "*Hunter2",
    "!Hunter2",
    ">Hunter2",
    "|Hunter2",
    "&Hunter2 *x",
    "%Hunter2",
    "@Hunter2",
    "`Hunter2",
    "{Hunter2",
    "[Hunter2",
    '"Hunter2\\q"',
    '"Hunter2',
    "'Hunter2",
    "Hunter2: x",
    "- Hunter2",
    "? Hunter2",
    ">-9Hunter2",
    "!!int Hunter2",
    "!<Hunter2> x",
    "a\tb: Hunter2: c",
    "{a: Hunter2, a: Hunter2}",
  ];
  for (const value of values) {
    for (const key of ["password: ", "password:", "pasword: ", "url: ", "host: postgres://u:"]) {
      const text = `source:\n  type: postgres\n  ${key}${value}\n${EXPORT}`;
      await withFolder({ "rivet.yaml": text }, async (dir) => {
        const error = await failure(load(`${dir}/rivet.yaml`));
        assert.doesNotMatch(error.message, /Hunter2/, text);
      });
    }
  }
  forgetSecrets();
});

Deno.test("a variable that holds a URL is not shown where something else belongs", async () => {
  const url = `postgres://user:${"Hunter2-".repeat(12)}@host/db`;
  const fields = [
    "host: ${DB}, user: u, database: d",
    "host: h, user: u, database: d, port: '${DB}'",
    "host: h, user: '${DB}', database: '${DB}'",
    "url_file: '${DB}'",
    "url_env: '${DB}'",
    "url_env: X, tls: {ca_file: '${DB}'}",
    "url_env: X, tls: {mode: '${DB}'}",
    "url_env: X, tls: '${DB}'",
  ];
  for (const field of fields) {
    const text = `source: {type: postgres, ${field}}\n${EXPORT}`;
    await withFolder({ "rivet.yaml": text }, async (dir) => {
      const error = await failure(load(`${dir}/rivet.yaml`, { DB: url }));
      assert.doesNotMatch(error.message, /Hunter2/, text);
    });
  }
  forgetSecrets();
});

Deno.test("what a configuration shows is no secret: a password may be a table's name", async () => {
  const text = "source: {type: postgres, host: h, user: u, database: d, password: '${PW}'}\n" +
    "exports: [{name: orders, table: Sales-2024.Orders, destination: {type: stdout}, format: csv}]\n";
  for (const PW of ["Sales-2024", "Sales-2024.Orders", "orders"]) {
    await withFolder({ "rivet.yaml": text }, async (dir) => {
      await load(`${dir}/rivet.yaml`, { PW });
      assert.equal(
        redact("export 'orders' of Sales-2024.Orders"),
        "export 'orders' of Sales-2024.Orders",
      );
      assert.equal(redact(`postgres://u:${PW}@h/d`), "postgres://u:***@h/d");
    });
    forgetSecrets();
  }
});

Deno.test("query_file stays in the configuration's folder, unless that is said otherwise", async () => {
  const text = (file: string, more = "") =>
    "source: {type: postgres, url_env: U}\nexports:\n" +
    `  - {name: a, query_file: "${file}"${more}, format: csv, destination: {type: stdout}}\n`;
  await withFolder({ "outside.sql": "SELECT 1", "inside.sql": "SELECT 2" }, async (top) => {
    const dir = join(top, "config");
    await Deno.mkdir(join(dir, "sql"), { recursive: true });
    await Deno.writeTextFile(join(dir, "sql", "q.sql"), "SELECT 3");
    await Deno.symlink(join(top, "outside.sql"), join(dir, "link.sql"));
    await Deno.symlink("sql/q.sql", join(dir, "near.sql"));
    const path = join(dir, "rivet.yaml");
    const query = async (content: string) => {
      await Deno.writeTextFile(path, content);
      return (await load(path)).exports[0].query;
    };
    assert.equal(await query(text("sql/q.sql")), "SELECT 3");
    assert.equal(await query(text("near.sql")), "SELECT 3");
    assert.equal(await query(text(join(dir, "sql/../sql/q.sql"))), "SELECT 3");
    for (const file of ["../outside.sql", join(top, "outside.sql"), "link.sql", "/etc/hostname"]) {
      const error = await failure(query(text(file)));
      assert.match(error.message, /query_file: .* is outside .*allow_outside: true/);
    }
    assert.equal(await query(text("../outside.sql", ", allow_outside: true")), "SELECT 1");
    assert.equal(await query(text("link.sql", ", allow_outside: true")), "SELECT 1");
  });
});
