import assert from "node:assert/strict";
import {
  classifyProxy,
  detectProxy,
  type ProxyEvidence,
  type ProxyKind,
  proxyWarning,
} from "../../../../../adapters/sources/mysql/pooler.ts";

const DIRECT: ProxyEvidence = {
  internalSession: false,
  versionComment: "MySQL Community Server - GPL",
  proxyVersion: null,
  connectionIds: ["7", "7"],
};

const CASES: readonly (readonly [string, Partial<ProxyEvidence>, ProxyKind])[] = [
  ["nothing speaks for a proxy", {}, "Direct"],
  ["ProxySQL answers its own statement", { internalSession: true }, "ProxySql"],
  ["its own statement wins over the comment", {
    internalSession: true,
    versionComment: "MaxScale",
  }, "ProxySql"],
  ["the comment names ProxySQL", { versionComment: "(ProxySQL)" }, "ProxySql"],
  ["the comment names MaxScale", { versionComment: "6.4.1 MaxScale" }, "MaxScale"],
  ["the comment wins over the version", {
    versionComment: "maxscale",
    proxyVersion: "ProxySQL 2.5",
  }, "MaxScale"],
  ["the version names ProxySQL", { proxyVersion: "2.5.5-proxysql" }, "ProxySql"],
  ["the version names MaxScale", { proxyVersion: "MaxScale 23.08" }, "MaxScale"],
  ["a version of nobody known", { proxyVersion: "1.0" }, "Multiplexed"],
  [
    "the version wins over the ids",
    { proxyVersion: "MaxScale", connectionIds: ["1", "2"] },
    "MaxScale",
  ],
  ["two ids", { connectionIds: ["7", "8"] }, "Multiplexed"],
  ["no comment at all", { versionComment: null }, "Direct"],
];

for (const [name, evidence, kind] of CASES) {
  Deno.test(`proxy: ${name}`, () => assert.equal(classifyProxy({ ...DIRECT, ...evidence }), kind));
}

Deno.test("proxy: only a direct connection has nothing to warn of", () => {
  assert.equal(proxyWarning("Direct"), null);
  assert.equal(
    proxyWarning("ProxySql"),
    "MySQL proxy multiplexer detected (ProxySQL): session settings do not outlive a transaction",
  );
  assert.match(proxyWarning("MaxScale") ?? "", /\(MaxScale\)/);
  assert.match(proxyWarning("Multiplexed") ?? "", /multiplexer detected/);
});

Deno.test("proxy: a refused question is no answer, NULL is one", async () => {
  const asked: string[] = [];
  const ids = ["1", "2"];
  const kind = await detectProxy("MySQL", (sql) => {
    asked.push(sql);
    return Promise.resolve(sql.includes("CONNECTION_ID") ? ids.shift() : undefined);
  });
  assert.equal(kind, "Multiplexed");
  assert.deepEqual(asked, [
    "PROXYSQL INTERNAL SESSION",
    "SELECT @@proxy_version",
    "SELECT CONNECTION_ID()",
    "SELECT CONNECTION_ID()",
  ]);
  assert.equal(await detectProxy("MySQL", () => Promise.resolve(null)), "ProxySql");
});
