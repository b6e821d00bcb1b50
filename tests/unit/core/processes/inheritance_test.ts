import assert, { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { adapterNeeds } from "../../../../adapters/registry.ts";
import { exportNeeds } from "../../../../core/permissions/config_needs.ts";
import { neededVariables, wishesOf } from "../../../../core/processes/inheritance.ts";
import { stateNeeds } from "../../../../state/needs.ts";
import { configOf, planned } from "../plan/planned.ts";

const MAIN = fileURLToPath(new URL("./inheritance_main.ts", import.meta.url));

interface Given {
  readonly env: Readonly<Record<string, string>>;
  readonly permissions: Readonly<Record<string, boolean>>;
  /** What the engine keeps for young objects after many of them. */
  readonly youngBytes: number;
}

/** What the child of a parent with these flags and this environment is given. */
async function childOf(
  flags: readonly string[],
  env: Record<string, string> = {},
  dir = "/tmp",
): Promise<Given> {
  const one = planned({ config: { destination: { type: "local", path: "/tmp/out/{date}" } } });
  const config = {
    ...configOf(one, { source: { type: "postgres", url_env: "SHOP_URL" } }),
    dir,
  };
  const all: Record<string, string> = { SHOP_URL: "postgres://u@127.0.0.1:1/db", ...env };
  const deps = { adapters: adapterNeeds, state: stateNeeds, env: (name: string) => all[name] };
  const wishes = wishesOf(await exportNeeds(config, one.exported, deps));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...flags, MAIN, "parent", JSON.stringify(wishes)],
    env: { SHOP_URL: "postgres://u@127.0.0.1:1/db", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  equal(code, 0, text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}

Deno.test("a child's engine keeps little for young objects, as its parent's does", async () => {
  const { youngBytes } = await childOf(["-A"]);
  assert.ok(youngBytes <= 2 * 1024 * 1024, `${youngBytes} bytes`);
});

Deno.test("a child has all permissions only when its parent has", async () => {
  const { permissions } = await childOf(["-A"]);
  deepEqual(Object.values(permissions).filter((granted) => !granted), []);

  const whole = ["read", "write", "net", "env", "sys", "run"];
  const given = await childOf(whole.map((name) => `--allow-${name}`));
  deepEqual(whole.map((name) => given.permissions[name]), whole.map(() => true));
  equal(given.permissions.ffi, false);
});

Deno.test("of a parent's list a child has what its export needs, and nothing beside it", async () => {
  const url = "postgres://u@127.0.0.1:1/db";
  const { permissions, env } = await childOf([
    ...["--allow-read=/tmp,/etc,.", "--allow-write=/tmp", "--allow-net=127.0.0.1,example.org"],
    ...["--allow-env=SHOP_URL,HOME", "--allow-run", "--no-prompt"],
  ], { SHOP_URL: url });
  deepEqual(permissions, {
    ...{ read: false, write: false, net: false, env: false, sys: false, run: true, ffi: false },
    ...{ "read /tmp": true, "read /etc": false, "write /tmp": true, "write /etc": false },
    ...{ "net 127.0.0.1": true, "env SHOP_URL": true },
  });
  equal(env.SHOP_URL, url);
});

Deno.test("a comma in a folder's name, which no flag can hold, gives a child the folder above if its parent has it", async () => {
  const parent = (folder: string) => [
    ...[`--allow-read=${folder},.`, "--allow-write=/etc", "--allow-net=127.0.0.1"],
    ...["--allow-env=SHOP_URL,HOME", "--allow-run", "--no-prompt"],
  ];
  const above = await childOf(parent("/etc"), {}, "/etc/a,b");
  equal(above.permissions["read /etc"], true);
  const beside = await childOf(parent("/etc/a"), {}, "/etc/a,b");
  equal(beside.permissions["read /etc"], false);
});

Deno.test("what a parent is denied, its child is not allowed", async () => {
  const { permissions } = await childOf([
    ...["--allow-read", "--deny-read=/etc", "--allow-write=/tmp", "--allow-net", "--allow-env"],
    ...["--allow-sys", "--allow-run", "--no-prompt"],
  ]);
  equal(permissions["read /etc"], false);
  equal(permissions["write /etc"], false);
  equal(permissions["read /tmp"], true);
});

Deno.test("a child is given the variables that its export can need", async () => {
  const { env } = await childOf(["-A"], {
    OTHER_EXPORTS_KEY: "secret",
    AWS_SECRET_ACCESS_KEY: "secret",
    GITHUB_TOKEN: "secret",
    TZ: "UTC",
    RIVET_STATE_URL: "",
  });
  deepEqual(
    ["SHOP_URL", "OTHER_EXPORTS_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "TZ"]
      .map((name) => name in env),
    [true, false, false, false, true],
  );
  equal("RIVET_STATE_URL" in env, true);
});

Deno.test("which variables an export can need follows from its configuration", async () => {
  const one = planned({
    config: {
      destination: {
        type: "s3",
        bucket: "b",
        prefix: "p",
        access_key_env: "KEY_A",
        secret_key_env: "KEY_B",
      },
    },
  });
  const notifications = { slack: { webhook_url_env: "HOOK", on: ["failure"] } };
  const config = {
    ...configOf(one, { source: { type: "postgres", url_env: "DB" }, notifications }),
    variables: ["IN_THE_FILE"],
  };
  // None of the variables is set: what is wrong with the configuration the child says.
  const deps = { adapters: adapterNeeds, state: stateNeeds, env: () => undefined };
  const needed = neededVariables(await exportNeeds(config, one.exported, deps));
  for (const name of ["KEY_A", "KEY_B", "HOOK", "DB", "IN_THE_FILE", "AWS_*", "PATH", "RIVET_*"]) {
    equal(needed.includes(name), true, name);
  }
  equal(needed.includes("AZURE_*"), false);
});
