/**
 * Processes killed with SIGKILL before and after each object of an Iceberg table's commit, in a folder and on S3:
 * the next run leaves every row in the table once, as another's reader sees it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { icebergRead } from "icebird";
import { formatJson } from "../../adapters/tables/iceberg/json.ts";
import { type CatalogServer, WAREHOUSE } from "../support/iceberg_catalog.ts";
import { readIcebergOnS3, type TableMetadata } from "../support/iceberg_s3.ts";
import { endOf } from "../support/pulse.ts";
import { S3_BUCKET, type S3Server } from "../support/s3.ts";
import { startVictim } from "./crash_cases.ts";
import { type Mode, MODES, ROWS } from "./points.ts";

export interface IcebergKill {
  readonly mode: Mode;
  /** `<port>.<method>`, and which of its calls. */
  readonly point: "destination.put" | "destination.replace";
  readonly occurrence: number;
  readonly moment: "before" | "after";
}

/** Puts: the part (five of them in chunks), the manifest, the list, the metadata. */
const PUTS: Readonly<Partial<Record<Mode, number>>> = { full: 4, incremental: 4, checkpoint: 8 };
/** The prepared manifest, the version hint, the manifest, `_SUCCESS`. */
const REPLACES = 4;

/** All of them. */
export const ICEBERG_KILLS: readonly IcebergKill[] =
  (["full", "incremental", "checkpoint"] as const)
    .flatMap((mode) =>
      ([["destination.put", PUTS[mode] ?? 0], ["destination.replace", REPLACES]] as const)
        .flatMap(([point, last]) =>
          Array.from({ length: last }, (_, n) => n + 1).flatMap((occurrence) =>
            (["before", "after"] as const).map((moment) => ({ mode, point, occurrence, moment }))
          )
        )
    );

export const killName = ({ mode, point, occurrence, moment }: IcebergKill): string =>
  `${mode}: ${moment} ${point} #${occurrence}`;

const IDENTIFIER = "shop.victims";
/** Whoever has a catalog sets it. */
export const CREDENTIAL_ENV = "RIVET_TEST_CATALOG_CREDENTIAL";

/** The source, and the server that has the bucket; null: a folder. */
export interface IcebergScene {
  readonly url: string;
  readonly s3: S3Server | null;
  /** A catalog that names the table and hands out keys; default: neither, and the server's own keys. */
  readonly catalog?: CatalogServer;
}

function config({ url, s3, catalog }: IcebergScene, mode: Mode, prefix: string): string {
  const place = s3 === null ? "{type: local, path: ./out}" : `{type: s3, bucket: ${S3_BUCKET}, ` +
    `prefix: ${prefix}/, endpoint: "${s3.endpoint}"` +
    `${catalog === undefined ? ", access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET" : ""}}`;
  const table = catalog === undefined ? "" : `, identifier: ${IDENTIFIER}, catalog: ` +
    `{type: rest, uri: "${catalog.uri}", warehouse: ${WAREHOUSE}, credential_env: ${CREDENTIAL_ENV}}`;
  return `source:
  type: postgres
  url: "${url}"
exports:
  - name: victims
    table: victims
    ${MODES[mode]}
    format: parquet
    parquet: {encoding: plain}
    table_format: {type: iceberg${table}}
    destination: ${place}
`;
}

/** As the reader's own JSON would have it. */
function metadataOf({ catalog }: IcebergScene): TableMetadata {
  if (catalog === undefined) return undefined;
  return JSON.parse(formatJson(catalog.metadata(IDENTIFIER)));
}

/** Dies, goes on, and reads what is there. */
export async function icebergCrash(scene: IcebergScene, kill: IcebergKill): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-iceberg-crash-" });
  const prefix = crypto.randomUUID();
  try {
    await Deno.writeTextFile(join(dir, "rivet.yaml"), config(scene, kill.mode, prefix));
    const stage = { dir, stateUrl: null };
    const { point, occurrence, moment, mode } = kill;
    const died = await endOf(startVictim(stage, point, String(occurrence), moment));
    assert.equal(died.signal, "SIGKILL", new TextDecoder().decode(died.stderr));
    const resume = mode === "checkpoint" ? "--resume" : "";
    const next = await endOf(startVictim(stage, "none", "0", "before", resume));
    const text = new TextDecoder().decode(next.stderr);
    // What is complete has nothing to resume.
    if (!/nothing to resume|already complete/.test(text)) assert.equal(next.code, 0, text);
    const rows = scene.s3 === null
      ? await icebergRead({ tableUrl: `file://${join(dir, "out")}` })
      : await readIcebergOnS3(scene.s3, prefix, metadataOf(scene));
    assert.equal(rows.length, ROWS);
    assert.equal(new Set(rows.map(({ id }) => Number(id))).size, ROWS);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
