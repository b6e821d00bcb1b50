import assert from "node:assert/strict";
import type { DestinationConfig } from "../../../../core/config/schema.ts";
import { partFolder, resolvePlaceholders } from "../../../../core/manifest/names.ts";

const values = {
  exportName: "orders",
  runId: "orders_20260131T101112.345",
  at: new Date("2026-01-31T10:11:12.345Z"),
};

function placed(config: DestinationConfig, partition: string | undefined) {
  const root = resolvePlaceholders(config, values);
  const place = root.type === "local" ? root.path : root.type === "stdout" ? null : root.prefix;
  return [place, partFolder(config, values, partition)];
}

const CASES: readonly [path: string, root: string, folder: string][] = [
  ["/data/{export}/{partition}", "/data/orders", "at=2026/"],
  ["/data/{partition}/", "/data", "at=2026/"],
  ["/data/{date}/p-{partition}/x/{table}", "/data/2026-01-31", "p-at=2026/x/orders/"],
  ["/data/{partition}/{partition}", "/data", "at=2026/at=2026/"],
  ["/{partition}", "/", "at=2026/"],
];

for (const [path, root, folder] of CASES) {
  Deno.test(`names: ${path} is ${root} and ${folder}`, () => {
    assert.deepEqual(placed({ type: "local", path }, "at=2026"), [root, folder]);
  });
}

Deno.test("names: a prefix may be nothing but the partition", () => {
  const s3: DestinationConfig = { type: "s3", bucket: "b", prefix: "{partition}" };
  assert.deepEqual(placed(s3, "at=2026"), ["", "at=2026/"]);
});

Deno.test("names: a column's name is taken as it is", () => {
  assert.deepEqual(placed({ type: "local", path: "/d/{partition}" }, "$&{date}=1"), [
    "/d",
    "$&{date}=1/",
  ]);
});

Deno.test("names: without partitions keys have no folder", () => {
  assert.deepEqual(placed({ type: "local", path: "/d/{run_id}" }, undefined), [
    "/d/orders_20260131T101112.345",
    "",
  ]);
  assert.deepEqual(placed({ type: "stdout" }, undefined), [null, ""]);
});
