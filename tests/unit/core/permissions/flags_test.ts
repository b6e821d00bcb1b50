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
  deepEqual(permissionFlags(set), [
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
  deepEqual(permissionFlags(set).slice(0, 2), ["--no-prompt", "--allow-net"]);
});

Deno.test("permission flags: a comma in a path is doubled", () => {
  const flags = permissionFlags(permissionSet(together({ read: ["/data/a,b"] })));
  deepEqual(flags[1], "--allow-read=/data/a,,b");
});
