import assert from "node:assert/strict";
import { adapters } from "../../../adapters/registry.ts";
import { RivetError } from "../../../core/base/errors.ts";
import type { DestinationConfig } from "../../../core/config/schema.ts";

const unknown = (known: RegExp) => (error: unknown) => {
  assert.ok(error instanceof RivetError);
  assert.equal(error.code, "NOT_AVAILABLE");
  assert.match(error.hint ?? "", known);
  return true;
};

Deno.test("registry: every engine and format is what it is registered as", async () => {
  for (const type of ["postgres", "mysql", "mssql"]) {
    assert.equal((await adapters.source(type)).type, type);
  }
  for (const name of ["parquet", "csv"]) {
    const format = await adapters.format(name);
    assert.deepEqual([format.name, format.extension], [name, name]);
  }
});

Deno.test("registry: every destination is of its kind", async () => {
  const key = btoa("secret");
  const configs: DestinationConfig[] = [
    { type: "local", path: "/nowhere" },
    { type: "stdout" },
    { type: "azure", container: "b", prefix: "", account_name: "a", account_key_env: "KIT_KEY" },
  ];
  Deno.env.set("KIT_KEY", key);
  try {
    for (const config of configs) {
      const destination = await adapters.destination(config);
      assert.equal(destination.capabilities.kind, config.type);
      await destination.close();
    }
  } finally {
    Deno.env.delete("KIT_KEY");
  }
});

Deno.test("registry: a name that nobody registered is refused with those there are", async () => {
  await assert.rejects(adapters.source("toString"), unknown(/postgres, mysql, mssql/));
  await assert.rejects(adapters.format("avro"), unknown(/parquet, csv/));
  const ftp = { type: "ftp" } as unknown as DestinationConfig;
  await assert.rejects(adapters.destination(ftp), unknown(/local, stdout, s3, gcs, azure/));
  const pager = { pager: {} } as Parameters<typeof adapters.openNotifiers>[0];
  await assert.rejects(adapters.openNotifiers(pager), unknown(/slack/));
});

Deno.test("registry: no block, no notifier", async () => {
  assert.deepEqual(await adapters.openNotifiers({}), []);
  assert.deepEqual(await adapters.openNotifiers({ slack: undefined }), []);
});
