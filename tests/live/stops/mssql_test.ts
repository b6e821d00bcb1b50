/** SIGTERM and SIGINT while SQL Server is read: a scripted one, which no statement comes back from. */
import { stopsThere } from "./cases.ts";
import { withConfig } from "../../support/rivet.ts";
import { PASSWORD, withServer } from "../../support/tds/connect.ts";
import { HANG, type Rule } from "../../support/tds/server.ts";
import { PLAIN } from "../../support/tds/traits.ts";

const TABLE: Rule = { sql: /stopped/, reply: () => [HANG] };

const config = (port: number) =>
  `source: {type: mssql, url: "sqlserver://reader:${PASSWORD}@127.0.0.1:${port}/shop", ` +
  `tls: {mode: require}}
exports:
  - {name: stopped, table: stopped, mode: chunked, destination: {type: local, path: ./out}}
`;

Deno.test("stops: a run of SQL Server ends within seconds of a signal, wherever it waits", async (t) => {
  for (const attention of ["prompt", "late", "never"] as const) {
    await t.step(
      `a statement behind a lock, its cancellation confirmed: ${attention}`,
      () =>
        withServer([TABLE], (server) =>
          withConfig(config(server.port), (dir) =>
            stopsThere({
              dir,
              args: ["run", "-c", "rivet.yaml"],
              where: "a lock",
              there: () => server.asked.some((sql) => /stopped/.test(sql)),
            })), { traits: { ...PLAIN, attention } }),
    );
  }
  await t.step(
    "a login",
    () =>
      withServer([], (server) =>
        withConfig(config(server.port), (dir) =>
          stopsThere({
            dir,
            args: ["check", "-c", "rivet.yaml"],
            where: "a login",
            there: () => server.logins.length > 0,
          })), { login: () => [HANG] }),
  );
});
