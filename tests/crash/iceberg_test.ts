/** A sample of the kills around an Iceberg commit; `deno task interop:iceberg` goes through all. */
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { CREDENTIAL, startCatalog } from "../support/iceberg_catalog.ts";
import { S3_ENV, startS3 } from "../support/s3.ts";
import { CREDENTIAL_ENV, icebergCrash } from "./iceberg_cases.ts";
import { VICTIMS_SQL } from "./points.ts";

Deno.test("a run that dies around an Iceberg commit on S3 is in the table once", async (t) => {
  const database = await createDatabase(await testPostgres());
  const s3 = await startS3();
  const catalog = startCatalog();
  try {
    await database.sql(VICTIMS_SQL.postgres);
    Deno.env.set(CREDENTIAL_ENV, CREDENTIAL);
    catalog.vend = () => ({
      config: {
        "s3.access-key-id": S3_ENV.S3_KEY_ID,
        "s3.secret-access-key": S3_ENV.S3_SECRET,
        "s3.session-token": "session-of-the-catalog",
      },
    });
    const put = { mode: "incremental", point: "destination.put", moment: "after" } as const;
    const scene = { url: database.url, s3 };
    // The metadata is there, the version hint is not.
    await t.step(
      "by its folder, before the hint",
      () => icebergCrash(scene, { ...put, occurrence: 4 }),
    );
    // All is there that the catalog is to be told.
    await t.step(
      "in a catalog that hands out keys, before its commit",
      () => icebergCrash({ ...scene, catalog }, { ...put, occurrence: 3 }),
    );
  } finally {
    await catalog.close();
    await s3.stop();
    await database.drop();
  }
});
