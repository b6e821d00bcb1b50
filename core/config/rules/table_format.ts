/** Rules of `table_format:` and of what a table can be made of. */
import { placeholdersIn } from "../placeholders.ts";
import type { ExportConfig } from "../schema.ts";
import { TABLE_FORMATS } from "../table_formats.ts";
import { partitionName } from "../../types/partition_transform.ts";
import { exclusive, type ExportRule, type Finding, present, sentence } from "./rule.ts";

type Table = NonNullable<ExportConfig["table_format"]>;

/** A rule of exports that have a table; its findings' paths start at the export. */
function about(
  name: string,
  reads: readonly string[],
  check: (table: Table, config: ExportConfig) => Finding[],
): ExportRule {
  return {
    name,
    reads: ["table_format", ...reads],
    check: ({ config }) =>
      config.table_format === undefined ? [] : check(config.table_format, config),
  };
}

const AT = "table_format";

const files = about(
  "table_format_needs_parquet",
  ["format"],
  ({ type }, { format }) =>
    format === "parquet" ? [] : [{
      path: ["format"],
      message: `${
        TABLE_FORMATS[type].title
      } tables are made of Parquet files; write format: parquet`,
    }],
);

const place = about("table_format_needs_one_place", ["destination"], (_, { destination }) => {
  if (destination.type === "stdout") {
    return [{ path: [AT], message: "destination stdout cannot hold a table" }];
  }
  const key = destination.type === "local" ? "path" : "prefix";
  const template = destination.type === "local"
    ? `${destination.path}/${destination.prefix ?? ""}`
    : destination.prefix;
  const moving = placeholdersIn(template).filter((name) => name !== "export" && name !== "table");
  return moving.slice(0, 1).map((name) => ({
    path: ["destination", key],
    message: name === "partition"
      ? "{partition} is the table's own affair; write table_format.partition_by"
      : `a table stays where it is, and {${name}} is another place with every run`,
  }));
});

const partitions = about(
  "table_format_has_its_own_partitions",
  ["partition_by"],
  (table, config) => {
    const { title, transforms, partitionColumns } = TABLE_FORMATS[table.type];
    if (config.partition_by !== undefined) {
      return [{
        path: ["partition_by"],
        message:
          "partition_by makes folders; the partitions of a table are table_format.partition_by",
      }];
    }
    const wanted = table.partition_by ?? [];
    if (wanted.length > partitionColumns) {
      return [{
        path: [AT, "partition_by"],
        message: `${title} tables are written with at most ${partitionColumns} partition column` +
          (partitionColumns === 1 ? "" : "s"),
      }];
    }
    const twin = wanted.findIndex((field, index) =>
      wanted.findIndex((other) => partitionName(other) === partitionName(field)) < index
    );
    if (twin >= 0) {
      return [{
        path: [AT, "partition_by", twin],
        message: `partition '${partitionName(wanted[twin])}' is there twice`,
      }];
    }
    return wanted.flatMap(({ transform }, index) =>
      transforms.includes(transform.replace(/\[.*/, "")) ? [] : [{
        path: [AT, "partition_by", index, "transform"],
        message: `${title} tables are partitioned by ${
          sentence(transforms, "or")
        }, got ${transform}`,
      }]
    );
  },
);

const catalog = about("table_catalog_fits", [], (table) => {
  const { title, catalogs } = TABLE_FORMATS[table.type];
  if (!catalogs) {
    return present(table, ["catalog", "identifier"]).map((key) => ({
      path: [AT, key],
      message: `${title} tables are where their files are; remove ${key}`,
    }));
  }
  if (table.catalog === undefined) {
    return table.identifier === undefined
      ? []
      : [{ path: [AT, "identifier"], message: "identifier needs catalog" }];
  }
  const at = [AT, "catalog"];
  const clash = [
    ...exclusive(table.catalog, ["uri", "uri_env"], "keep one"),
    ...exclusive(table.catalog, ["token_env", "credential_env"], "keep one"),
  ].map((finding) => ({ ...finding, path: [...at, ...finding.path] }));
  return [
    ...(table.identifier === undefined
      ? [{ path: at, message: "catalog needs table_format.identifier, e.g. shop.orders" }]
      : []),
    ...(present(table.catalog, ["uri", "uri_env"]).length === 0
      ? [{ path: at, message: "no address: give uri or uri_env" }]
      : []),
    ...clash,
  ];
});

/** Which partitions of the time column a window can be cut by; the first is the one to suggest. */
const WINDOW_CUTS: Readonly<Record<"timestamp" | "unix", readonly string[]>> = {
  timestamp: ["day", "month", "year", "hour", "identity"],
  unix: ["truncate"],
};

/** What a window replaces are whole partitions: without them older days would go with it. */
const window = about(
  "table_window_has_partitions",
  ["mode", "time_column", "time_column_type"],
  ({ type, write, partition_by: by }, { mode, time_column: column, time_column_type: kind }) => {
    if (mode !== "time_window" || column === undefined || write === "append") return [];
    const { title, transforms } = TABLE_FORMATS[type];
    const cuts = WINDOW_CUTS[kind ?? "timestamp"].filter((cut) => transforms.includes(cut));
    const at = by?.findIndex((field) => field.column === column) ?? -1;
    if (at >= 0 && cuts.includes(by?.[at].transform.replace(/\[.*/, "") ?? "")) return [];
    const [cut] = cuts;
    const otherwise = "write: append; or mode: full with the window in the query, to replace all";
    const advice = cut === undefined
      ? `${title} has no partitions of seconds: cast '${column}' to a timestamp in the query; or ${otherwise}`
      : `write partition_by: [{column: ${column}, transform: ${
        cut === "truncate" ? '"truncate[86400]"' : cut
      }}]; or ${otherwise}`;
    return [{
      path: at >= 0 ? [AT, "partition_by", at, "transform"] : [AT],
      message: `mode: time_window replaces the partitions that its window reads: ${advice}`,
    }];
  },
);

const write = about(
  "table_write_fits_mode",
  ["mode", "cursor_lag"],
  (table, { mode, cursor_lag }) => {
    if (mode === "incremental" && table.write === "replace") {
      return [{
        path: [AT, "write"],
        message:
          "mode: incremental reads what is new, and write: replace would leave nothing else " +
          "in the table; write append, or another mode",
      }];
    }
    if (mode === "incremental" && cursor_lag !== undefined) {
      return [{
        path: ["cursor_lag"],
        message: "rows of the trailing window are read again, and are in the table twice",
        severity: "warning",
      }];
    }
    return mode === "incremental" || table.write !== "append" ? [] : [{
      path: [AT, "write"],
      message: `mode: ${mode} reads its rows anew with every run, and append adds them again`,
      severity: "warning",
    }];
  },
);

/** In the order in which they are asked. */
export const TABLE_FORMAT_RULES: readonly ExportRule[] = [
  ...[files, place, partitions, catalog, write, window],
];
