/** `destination:` of an export, one shape per `type`. */
import * as v from "valibot";
import { strictObject, text, variant } from "../../base/schema.ts";
import { defaulted, described, optional } from "./fields.ts";

const PLACEHOLDERS = "Placeholders: {date} (UTC), {export}, {table}, {run_id}, {partition}.";

const prefix = defaulted(
  v.string(),
  "",
  `Start of every object's key, "/" between segments. ${PLACEHOLDERS} Default: empty.`,
);
const endpoint = optional(
  text,
  "URL of a compatible store, http:// or https://. Default: the provider's own.",
);

const caFile = optional(
  text,
  "PEM file of certificate authorities that are trusted beside the machine's, relative to this file.",
);
const probe = optional(
  v.boolean(),
  "Write and remove .rivet-probe under the prefix before a run reads anything. Default: true.",
);
const anonymous = optional(
  v.boolean(),
  "Send no credentials: emulators, and buckets that are open to everybody.",
);

const manifestDir = optional(
  v.pipe(
    text,
    v.regex(
      /^[_.][A-Za-z0-9][A-Za-z0-9._-]*\/?$/,
      "must be one folder whose name begins with _ or ., which readers skip, e.g. _rivet",
    ),
  ),
  "Folder for the manifests, below the one of the parts, so that readers of that one find parts alone, e.g. _rivet. Default: beside the parts.",
);

const local = described(
  strictObject({
    type: v.literal("local"),
    path: described(
      text,
      `Folder for the files, created when missing, relative to this file. "~" is not expanded. ${PLACEHOLDERS}`,
    ),
    prefix: optional(v.string(), `Folders below path. ${PLACEHOLDERS} Default: none.`),
    manifest_dir: manifestDir,
  }),
  "Files on a local disk.",
);

const s3 = described(
  strictObject({
    type: v.literal("s3"),
    bucket: described(text, "Bucket; it must exist."),
    prefix,
    region: optional(text, "Region, e.g. us-east-1. Default: from the environment."),
    endpoint: optional(
      text,
      "URL of an S3-compatible store; switches to path-style addressing. Default: AWS.",
    ),
    path_style: optional(
      v.boolean(),
      "The bucket in the path instead of the host's name. Default: true with an endpoint.",
    ),
    access_key_env: optional(
      text,
      "Environment variable of the access key id. With secret_key_env, or neither for the default AWS chain.",
    ),
    secret_key_env: optional(text, "Environment variable of the secret access key."),
    session_token_env: optional(
      text,
      "Environment variable of the session token of temporary credentials.",
    ),
    aws_profile: optional(
      text,
      "Profile of the AWS configuration files, instead of the rest of the default chain.",
    ),
    allow_anonymous: anonymous,
    ca_file: caFile,
    manifest_dir: manifestDir,
    probe,
  }),
  "Objects in Amazon S3 or a compatible store.",
);

const gcs = described(
  strictObject({
    type: v.literal("gcs"),
    bucket: described(text, "Bucket; it must exist."),
    prefix,
    endpoint,
    credentials_file: optional(
      text,
      "Service account JSON, relative to this file. Default: Application Default Credentials.",
    ),
    allow_anonymous: anonymous,
    ca_file: caFile,
    manifest_dir: manifestDir,
    probe,
  }),
  "Objects in Google Cloud Storage.",
);

const azure = described(
  strictObject({
    type: v.literal("azure"),
    bucket: optional(text, "Container; it must exist."),
    container: optional(text, "The same as bucket."),
    prefix,
    endpoint,
    account_name: optional(text, "Storage account."),
    account_key_env: optional(text, "Environment variable of the account key. Needs account_name."),
    sas_token_env: optional(
      text,
      "Environment variable of a SAS token. Needs account_name or endpoint.",
    ),
    connection_string_env: optional(
      text,
      "Environment variable of a connection string, instead of the other credential fields.",
    ),
    allow_anonymous: anonymous,
    ca_file: caFile,
    manifest_dir: manifestDir,
    probe,
  }),
  "Blobs in Azure Blob Storage. Without a credential field: the default identity chain.",
);

const stdout = described(
  strictObject({ type: v.literal("stdout") }),
  "The file's bytes to standard output. For one export, without chunks, parts or partitions.",
);

/** One shape per `type`; a key of another type is refused. */
export const destinationSchema = described(
  variant("type", [local, s3, gcs, azure, stdout]),
  "Where the files go.",
);

/** The block after parsing; credentials are references still. */
export type DestinationConfig = v.InferOutput<typeof destinationSchema>;
