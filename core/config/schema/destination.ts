/** `destination:` of an export, one shape per `type`. */
import type { Infer } from "../../base/shape.ts";
import { s } from "../../base/shapes.ts";
import { text } from "./fields.ts";

const PLACEHOLDERS = "Placeholders: {date} (UTC), {export}, {table}, {run_id}, {partition}.";

const prefix = s.string().default("").describe(
  `Start of every object's key, "/" between segments. ${PLACEHOLDERS} Default: empty.`,
);
const endpoint = text.optional().describe(
  "URL of a compatible store, http:// or https://. Default: the provider's own.",
);

const caFile = text.optional().describe(
  "PEM file of certificate authorities that are trusted beside the machine's, relative to this file.",
);
const probe = s.boolean().optional().describe(
  "Write and remove .rivet-probe under the prefix before a run reads anything. Default: true.",
);
const anonymous = s.boolean().optional().describe(
  "Send no credentials: emulators, and buckets that are open to everybody.",
);

const manifestDir = text.regex(
  /^[_.][A-Za-z0-9][A-Za-z0-9._-]*\/?$/,
  "must be one folder whose name begins with _ or ., which readers skip, e.g. _rivet",
).optional().describe(
  "Folder for the manifests, below the one of the parts, so that readers of that one find parts alone, e.g. _rivet. Default: beside the parts.",
);

const local = s.strictObject({
  type: s.literal("local"),
  path: text.describe(
    `Folder for the files, created when missing, relative to this file. "~" is not expanded. ${PLACEHOLDERS}`,
  ),
  prefix: s.string().optional().describe(`Folders below path. ${PLACEHOLDERS} Default: none.`),
  manifest_dir: manifestDir,
}).describe("Files on a local disk.");

const s3 = s.strictObject({
  type: s.literal("s3"),
  bucket: text.describe("Bucket; it must exist."),
  prefix,
  region: text.optional().describe("Region, e.g. us-east-1. Default: from the environment."),
  endpoint: endpoint.describe(
    "URL of an S3-compatible store; switches to path-style addressing. Default: AWS.",
  ),
  path_style: s.boolean().optional().describe(
    "The bucket in the path instead of the host's name. Default: true with an endpoint.",
  ),
  access_key_env: text.optional().describe(
    "Environment variable of the access key id. With secret_key_env, or neither for the default AWS chain.",
  ),
  secret_key_env: text.optional().describe("Environment variable of the secret access key."),
  session_token_env: text.optional().describe(
    "Environment variable of the session token of temporary credentials.",
  ),
  aws_profile: text.optional().describe(
    "Profile of the AWS configuration files, instead of the rest of the default chain.",
  ),
  allow_anonymous: anonymous,
  ca_file: caFile,
  manifest_dir: manifestDir,
  probe,
}).describe("Objects in Amazon S3 or a compatible store.");

const gcs = s.strictObject({
  type: s.literal("gcs"),
  bucket: text.describe("Bucket; it must exist."),
  prefix,
  endpoint,
  credentials_file: text.optional().describe(
    "Service account JSON, relative to this file. Default: Application Default Credentials.",
  ),
  allow_anonymous: anonymous,
  ca_file: caFile,
  manifest_dir: manifestDir,
  probe,
}).describe("Objects in Google Cloud Storage.");

const azure = s.strictObject({
  type: s.literal("azure"),
  bucket: text.optional().describe("Container; it must exist."),
  container: text.optional().describe("The same as bucket."),
  prefix,
  endpoint,
  account_name: text.optional().describe("Storage account."),
  account_key_env: text.optional().describe(
    "Environment variable of the account key. Needs account_name.",
  ),
  sas_token_env: text.optional().describe(
    "Environment variable of a SAS token. Needs account_name or endpoint.",
  ),
  connection_string_env: text.optional().describe(
    "Environment variable of a connection string, instead of the other credential fields.",
  ),
  allow_anonymous: anonymous,
  ca_file: caFile,
  manifest_dir: manifestDir,
  probe,
}).describe("Blobs in Azure Blob Storage. Without a credential field: the default identity chain.");

const stdout = s.strictObject({ type: s.literal("stdout") }).describe(
  "The file's bytes to standard output. For one export, without chunks, parts or partitions.",
);

/** One shape per `type`; a key of another type is refused. */
export const destinationSchema = s.variants("type", [local, s3, gcs, azure, stdout])
  .describe("Where the files go.");

/** The block after parsing; credentials are references still. */
export type DestinationConfig = Infer<typeof destinationSchema>;
