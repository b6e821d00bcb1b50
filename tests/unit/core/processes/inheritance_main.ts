/** A program that starts itself again as `launchSelf` does; the child prints what it was given. */
import { getHeapSpaceStatistics } from "node:v8";
import { launchSelf } from "../../../../core/processes/child.ts";
import {
  inheritedEnv,
  inheritedFlags,
  type Wishes,
} from "../../../../core/processes/inheritance.ts";

const [role, given] = Deno.args;

/** Of the engine's heap, after many short-lived objects. */
function youngBytes(): number {
  const last: { readonly i: number }[] = [];
  for (let i = 0; i < 3_000_000; i++) last[i % 200_000] = { i };
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name }) => space_name === "new_space")?.space_size ?? NaN;
}

async function granted(descriptor: Deno.PermissionDescriptor): Promise<boolean> {
  return (await Deno.permissions.query(descriptor)).state === "granted";
}

async function permissions(): Promise<Record<string, boolean>> {
  const found: Record<string, boolean> = {};
  for (const name of ["read", "write", "net", "env", "sys", "run", "ffi"] as const) {
    found[name] = await granted({ name });
  }
  for (const path of ["/tmp", "/etc"]) {
    found[`read ${path}`] = await granted({ name: "read", path });
    found[`write ${path}`] = await granted({ name: "write", path });
  }
  found["net 127.0.0.1"] = await granted({ name: "net", host: "127.0.0.1:1" });
  found["env SHOP_URL"] = await granted({ name: "env", variable: "SHOP_URL" });
  return found;
}

if (role === "child") {
  const all = await granted({ name: "env" });
  const env = all ? Deno.env.toObject() : { SHOP_URL: Deno.env.get("SHOP_URL") };
  console.log(JSON.stringify({ env, permissions: await permissions(), youngBytes: youngBytes() }));
} else {
  const wishes: Wishes = JSON.parse(given);
  const env = inheritedEnv(wishes.variables);
  const child = launchSelf(["child"], {
    program: import.meta.url,
    flags: inheritedFlags(wishes),
    env,
  });
  for await (const line of child.stdout) console.log(line);
  for await (const line of child.stderr) console.error(line);
  child.stop();
}
