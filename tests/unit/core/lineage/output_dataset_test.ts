import { read } from "../../../../core/base/schema.ts";
import assert from "node:assert/strict";
import type { DestinationConfig } from "../../../../core/config/schema.ts";
import { destinationSchema } from "../../../../core/config/schema.ts";
import { outputDataset } from "../../../../core/lineage/output_dataset.ts";

const at = (fields: Record<string, unknown>, uri = "") => {
  const config: DestinationConfig = read(destinationSchema, fields);
  const dataset = outputDataset(config, "orders", uri);
  return dataset === null ? null : `${dataset.namespace} ${dataset.name}`;
};
const s3 = (prefix: string) => at({ type: "s3", bucket: "lake", prefix });

Deno.test("files are a dataset by OpenLineage's naming, the same from run to run", () => {
  assert.equal(s3("raw/{export}"), "s3://lake raw/orders");
  assert.equal(s3("raw/{table}/{date}/{run_id}/"), "s3://lake raw/orders");
  assert.equal(s3("raw/orders/day={date}/part={partition}"), "s3://lake raw/orders");
  assert.equal(s3("raw/{date}/{export}/"), "s3://lake raw/{date}/orders", "no other export's");
  assert.equal(s3("raw/"), "s3://lake raw");
  assert.equal(s3("{date}"), "s3://lake /");
  assert.equal(s3(""), "s3://lake /");
  assert.equal(at({ type: "gcs", bucket: "lake", prefix: "a/{export}" }), "gs://lake a/orders");
  assert.equal(at({ type: "local", path: "/data/{export}/{date}" }), "file /data/orders");
  assert.equal(at({ type: "local", path: "/{date}" }), "file /");
  assert.equal(at({ type: "stdout" }), null);
});

Deno.test("an Azure container is named by its account, which the opened destination knows", () => {
  const azure = { type: "azure", container: "lake", prefix: "a", connection_string_env: "C" };
  assert.equal(
    at(azure, "https://shop.blob.core.windows.net/lake/a"),
    "wasbs://lake@shop.blob.core.windows.net a",
  );
  assert.equal(
    at({ ...azure, connection_string_env: undefined, account_name: "shop" }),
    "wasbs://lake@shop.blob.core.windows.net a",
  );
});
