import assert from "node:assert/strict";
import { join } from "node:path";
import {
  defaultPassFile,
  findPassword,
  readPassFile,
} from "../../../../core/config/postgres_passfile.ts";

const QUERY = { host: "h", port: 5432, database: "d", user: "u" };

Deno.test("password file: the first line that fits, with wildcards and escapes", () => {
  const find = (content: string, rest = {}) => findPassword(content, { ...QUERY, ...rest });
  assert.equal(find("h:5432:d:u:pw"), "pw");
  assert.equal(find("x:5432:d:u:no\n# h:5432:d:u:no\nh:*:*:u:yes\nh:5432:d:u:late"), "yes");
  assert.equal(find("*:*:*:*:p\\:w\\\\x\r\n"), "p:w\\x");
  assert.equal(find("h:5432:d:u"), null);
  assert.equal(find("h:5433:d:u:pw"), null);
  assert.equal(find("localhost:5432:d:u:pw", { host: "/run/postgresql" }), "pw");
  assert.equal(find("a\\:b:5432:d:u:pw", { host: "a:b" }), "pw");
});

Deno.test("password file: one that others may read is not used, which is said", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "pgpass");
    await Deno.writeTextFile(path, "h:5432:d:u:pw\n", { mode: 0o600 });
    assert.deepEqual(readPassFile(path, QUERY), { password: "pw", warning: null });
    await Deno.chmod(path, 0o640);
    const { password, warning } = readPassFile(path, QUERY);
    assert.equal(password, null);
    assert.match(warning ?? "", /pgpass is not used.*chmod 600/);
    const nothing = { password: null, warning: null };
    assert.deepEqual(readPassFile(join(dir, "none"), QUERY), nothing);
    assert.deepEqual(readPassFile(dir, QUERY), nothing);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("password file: PGPASSFILE, or .pgpass at home", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assert.equal(defaultPassFile(env({ PGPASSFILE: "/x", HOME: "/home/u" })), "/x");
  assert.equal(defaultPassFile(env({ HOME: "/home/u" })), "/home/u/.pgpass");
});
