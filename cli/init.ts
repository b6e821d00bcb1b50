/** `rivet init`: a configuration, or a discovery, from a live database. Reads the catalog, exports nothing. */
import { resolve } from "node:path";
import {
  constant,
  type InferValue,
  message,
  multiple,
  object,
  option,
  optional,
  text,
} from "@optique/core";
import { choice, string } from "@optique/core/valueparser";
import { TABLE_TYPES } from "../core/config/table_formats.ts";
import type { TlsConfig } from "../core/config/schema.ts";
import type { UrlSource } from "../core/discover/connect.ts";
import { ConfigError } from "../core/base/errors.ts";
import type { ScaffoldDestination } from "../core/init/options.ts";
import { defineCommand } from "./define.ts";
import { refuseExisting } from "./new_file.ts";
import { filePath } from "./path_value.ts";
import type { CommandContext } from "./services.ts";

const options = object({
  command: constant("init"),
  source: optional(
    option("--source", string({ metavar: "URL" }), {
      description:
        message`Connection URL. Visible in shell history and process lists: prefer --source-env.`,
    }),
  ),
  sourceEnv: optional(
    option("--source-env", string({ metavar: "VARIABLE" }), {
      description: message`Environment variable that holds the connection URL.`,
    }),
  ),
  sourceFile: optional(
    option("--source-file", filePath({ metavar: "PATH" }), {
      description: message`File that holds the connection URL.`,
    }),
  ),
  table: optional(
    option("--table", string({ metavar: "NAME" }), {
      description: message`One table, as NAME or SCHEMA.NAME, instead of all.`,
    }),
  ),
  schema: optional(
    option("--schema", string({ metavar: "NAME" }), {
      description:
        message`Schema to read (PostgreSQL: public unless given; MySQL: the URL's database).`,
    }),
  ),
  include: multiple(
    option("--include", string({ metavar: "GLOB" }), {
      description: message`Only tables that match, e.g. 'sales_*'. Repeatable.`,
    }),
  ),
  exclude: multiple(
    option("--exclude", string({ metavar: "GLOB" }), {
      description: message`No tables that match. Repeatable.`,
    }),
  ),
  output: optional(
    option("-o", "--output", filePath({ metavar: "PATH" }), {
      description: message`Write to this file, which must not exist yet, instead of stdout.`,
    }),
  ),
  mode: optional(
    option(
      "--mode",
      choice(["full", "incremental", "chunked", "time_window"], { metavar: "MODE" }),
      {
        description:
          message`Use this mode wherever a table has a column for it, instead of what suits each table.`,
      },
    ),
  ),
  s3Bucket: optional(
    option("--s3-bucket", string({ metavar: "BUCKET" }), {
      description: message`Export to this S3 bucket instead of ./output.`,
    }),
  ),
  gcsBucket: optional(
    option("--gcs-bucket", string({ metavar: "BUCKET" }), {
      description: message`Export to this Google Cloud Storage bucket.`,
    }),
  ),
  azureContainer: optional(
    option("--azure-container", string({ metavar: "CONTAINER" }), {
      description: message`Export to this Azure Blob Storage container.`,
    }),
  ),
  tableFormat: optional(
    option("--table-format", choice(TABLE_TYPES, { metavar: "FORMAT" }), {
      description: [
        text(`Make every export a table of this format: ${TABLE_TYPES.join(", ")}.`),
      ],
    }),
  ),
  tls: optional(
    option(
      "--tls",
      choice(["disable", "require", "verify-ca", "verify-full"], { metavar: "MODE" }),
      {
        description: message`Encryption of the connection, now and in the config.`,
      },
    ),
  ),
  tlsCa: optional(
    option("--tls-ca", filePath({ metavar: "PATH" }), {
      description: message`PEM file of the authority that signed the server's certificate.`,
    }),
  ),
  discover: option("--discover", {
    description:
      message`Write what was found as JSON, for review and scripts, instead of a config.`,
  }),
});

export type InitArgs = InferValue<typeof options>;

export const initCommand = defineCommand("init", options, {
  brief: "Write a config from a live database.",
  description: "Connects, reads the catalog and writes a commented config that runs as it is: a " +
    "mode for each table by its size and keys, types where the catalog leaves them open. Nothing " +
    "is exported, and no password or URL is written.",
  usage: "(--source-env VARIABLE | --source-file PATH | --source URL) [OPTIONS]",
  examples: [
    ["rivet init --source-env DATABASE_URL -o rivet.yaml", "every table"],
    ["rivet init --source-env DATABASE_URL --table orders -o rivet.yaml", "one table"],
    ["rivet init --source-env DATABASE_URL --exclude 'tmp_*' --s3-bucket lake", "to S3"],
    ["rivet init --source-env DATABASE_URL --table-format delta", "Delta tables"],
    ["rivet init --source-env DATABASE_URL --discover -o discovery.json", "as JSON"],
  ],
});

/** @throws ConfigError USAGE, RivetError SOURCE_OBJECT_NOT_FOUND, SourceError */
export async function executeInit(args: InitArgs, ctx: CommandContext): Promise<void> {
  const url = urlSource(args);
  const destination = destinationOf(args);
  const tls = tlsConfig(args);
  if (args.output !== undefined) await refuseExisting(args.output);
  const found = await ctx.services.discover({
    url,
    ...(tls === undefined ? {} : { tls }),
    scope: { schema: args.schema ?? null, table: args.table ?? null },
    filter: { include: args.include, exclude: args.exclude },
    mode: args.mode ?? null,
    signal: ctx.interruptSignal(),
  });
  const { writeDiscovery, writeScaffold }: typeof import("./init_output.ts") = await import(
    "./init_output.ts" as string
  );
  const output = { path: args.output, sourceGiven: args.source !== undefined };
  if (args.discover) await writeDiscovery(ctx, output, found);
  else {await writeScaffold(ctx, output, found, {
      url,
      tls,
      destination,
      tableFormat: args.tableFormat,
    });}
}

function usage(text: string, hint: string): ConfigError {
  return new ConfigError(text, [], { code: "USAGE", hint });
}

function given(flags: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(flags).filter(([, value]) => value !== undefined).map(([flag]) => flag);
}

function urlSource({ source, sourceEnv, sourceFile }: InitArgs): UrlSource {
  const flags = given({
    "--source": source,
    "--source-env": sourceEnv,
    "--source-file": sourceFile,
  });
  if (flags.length === 0) {
    throw usage(
      "no source: one of --source-env, --source-file and --source is needed",
      "Put the URL into a variable: export DATABASE_URL=..., then --source-env DATABASE_URL.",
    );
  }
  if (flags.length > 1) throw usage(`${flags.join(" and ")} exclude each other`, "Keep one.");
  if (source !== undefined) return { url: source };
  return sourceEnv !== undefined ? { url_env: sourceEnv } : { url_file: resolve(sourceFile ?? "") };
}

function destinationOf({ s3Bucket, gcsBucket, azureContainer }: InitArgs): ScaffoldDestination {
  const flags = given({
    "--s3-bucket": s3Bucket,
    "--gcs-bucket": gcsBucket,
    "--azure-container": azureContainer,
  });
  if (flags.length > 1) throw usage(`${flags.join(" and ")} exclude each other`, "Keep one.");
  if (s3Bucket !== undefined) return { type: "s3", bucket: s3Bucket };
  if (gcsBucket !== undefined) return { type: "gcs", bucket: gcsBucket };
  if (azureContainer !== undefined) return { type: "azure", container: azureContainer };
  return { type: "local" };
}

function tlsConfig({ tls, tlsCa }: InitArgs): TlsConfig | undefined {
  if (tls === undefined && tlsCa === undefined) return undefined;
  if (tlsCa !== undefined && (tls === "disable" || tls === "require")) {
    throw usage(
      `--tls ${tls} does not check the certificate, so --tls-ca would be ignored`,
      "Give --tls verify-ca or --tls verify-full.",
    );
  }
  return {
    mode: tls ?? "verify-full",
    ...(tlsCa === undefined ? {} : { ca_file: resolve(tlsCa) }),
    accept_invalid_certs: false,
    accept_invalid_hostnames: false,
  };
}
