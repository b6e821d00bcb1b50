/** What each table format can do, as data: rules and core ask this and never a format's name. */

import type { RivetType } from "../types/types.ts";

/** Open table formats that an export's files can be committed to. */
export const TABLE_TYPES = ["delta", "iceberg"] as const;
/** One of `TABLE_TYPES`. */
export type TableType = typeof TABLE_TYPES[number];

/** How a commit treats what is in the table. */
export type TableWrite = "append" | "replace";

/** What a format can do. */
export interface TableFormatCapabilities {
  /** For messages. */
  readonly title: string;
  /** Tables may be named in a catalog; otherwise they are where their files are. */
  readonly catalogs: boolean;
  /** By what values of a column rows can be laid into partitions. */
  readonly transforms: readonly string[];
  /** Partition columns, at most. */
  readonly partitionColumns: number;
  /** Of what kinds of types a partition can be the value itself; null: of all but lists. */
  readonly identityOf: readonly RivetType["kind"][] | null;
  /** Whether a partition can be an empty text, and is not NULL. */
  readonly emptyPartitions: boolean;
  /** By which names below the root a place is known to hold such a table. */
  readonly marks: { readonly folder: string; readonly name: RegExp };
}

/** The record of each format. */
export const TABLE_FORMATS: Readonly<Record<TableType, TableFormatCapabilities>> = {
  delta: {
    title: "Delta",
    catalogs: false,
    transforms: ["identity", "day", "month", "year"],
    partitionColumns: 8,
    identityOf: ["text", "int", "bool", "date"],
    emptyPartitions: false,
    marks: { folder: "_delta_log/", name: /\.(json|parquet)$/ },
  },
  iceberg: {
    title: "Iceberg",
    catalogs: true,
    transforms: ["identity", "year", "month", "day", "hour", "bucket", "truncate"],
    partitionColumns: 8,
    identityOf: null,
    emptyPartitions: true,
    marks: { folder: "metadata/", name: /\.metadata\.json(\.gz)?$/ },
  },
};
