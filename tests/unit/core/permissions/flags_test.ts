import { deepEqual } from "node:assert/strict";
import { permissionFlags, permissionSet } from "../../../../core/permissions/flags.ts";
import { together } from "../../../../core/ports/needs.ts";

Deno.test("permission flags: paths below another and names of a beginning are left out", () => {
  const set = permissionSet(together(
    { read: ["/srv/app/rivet.yaml", "/srv/app"], env: ["AWS_REGION", "B"] },
    { read: ["/srv/apple"], write: ["/srv/app/out"], env: ["AWS_*", "B"], sys: ["uid"] },
  ));
  deepEqual(set, {
    read: ["/srv/app", "/srv/apple"],
    write: ["/srv/app/out"],
    env: { allow: ["AWS_*", "B"], ignore: true },
    sys: ["uid"],
  });
  deepEqual(permissionFlags(set).flags, [
    "--no-prompt",
    "--allow-read=/srv/app,/srv/apple",
    "--allow-write=/srv/app/out",
    "--allow-sys=uid",
    "--allow-env=AWS_*,B",
    "--ignore-env",
  ]);
});

Deno.test("permission flags: hosts that nobody knows open the network as a whole", () => {
  const set = permissionSet(together({ net: ["db:5432", "*"] }));
  deepEqual(set.net, true);
  deepEqual(permissionFlags(set).flags.slice(0, 2), ["--no-prompt", "--allow-net"]);
});

Deno.test("permission flags: no flag can name a comma, so that it names the folder above, and that is told", async () => {
  const { flags, notes } = permissionFlags(permissionSet(together({
    read: ["/data/a,b/c", "/data/x"],
    write: ["/data/out"],
    net: ["unix:/run/a,b.sock"],
    env: ["HOME"],
  })));
  const wider = ["--allow-net", "--allow-read=/data"];
  deepEqual(flags, [
    "--no-prompt",
    ...wider,
    "--allow-write=/data/out",
    "--allow-env=HOME",
    "--ignore-env",
  ]);
  deepEqual(notes.map((note) => note.split(" is wider")[0]), wider);

  const asked = 'JSON.stringify(["/data/a,b/c", "/other"].map((path) => ' +
    'Deno.permissions.querySync({ name: "read", path }).state))';
  const module = `data:application/javascript,${encodeURIComponent(`console.log(${asked})`)}`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", ...flags, module] })
    .output();
  deepEqual(JSON.parse(new TextDecoder().decode(stdout)), ["granted", "prompt"]);
});
