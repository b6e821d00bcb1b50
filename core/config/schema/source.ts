/** `source:`, its `tls:` and the `tuning:` block that `source` and every export may carry. */
import * as v from "valibot";
import { nonNegative, positive, strictObject, text, whole } from "../../base/schema.ts";
import { defaulted, described, optional } from "./fields.ts";

/** `tuning:`; what is left out comes from the profile. */
export const tuningSchema = described(
  strictObject({
    profile: optional(
      v.picklist(["safe", "balanced", "fast"]),
      "How hard the source may be worked: safe for a production OLTP database, balanced for a shared one, fast for a replica. Default: balanced.",
    ),
    batch_size: optional(
      positive,
      "Rows per fetch. Excludes batch_size_memory_mb. Default: 2,000 with profile safe; the other profiles size batches by memory.",
    ),
    batch_size_memory_mb: optional(
      positive,
      "Size of a batch in MiB of decoded rows, from which the rows per fetch follow. Excludes batch_size. Default: 32 with profile balanced, 64 with fast.",
    ),
    throttle_ms: optional(
      nonNegative,
      "Milliseconds to wait between two fetches. Default by profile: fast 0, balanced 50, safe 500.",
    ),
    statement_timeout_s: optional(
      nonNegative,
      "Longest time one statement may run at the source, in seconds; 0 means no limit. Default by profile: fast 0, balanced 300, safe 120.",
    ),
    lock_timeout_s: optional(
      nonNegative,
      "Longest time a statement may wait for a lock, in seconds; 0 means no limit. Default by profile: fast 0, balanced 30, safe 10.",
    ),
    network_timeout_s: optional(
      nonNegative,
      "Longest silence of the source, in seconds, after which the connection counts as lost, which is tried again; 0 means no limit. Default: 120.",
    ),
    max_retries: optional(
      nonNegative,
      "How often a failure that may pass is tried again, each time on a fresh connection. Default by profile: fast 1, balanced 3, safe 5.",
    ),
    retry_backoff_ms: optional(
      nonNegative,
      "Longest wait before the first retry, in milliseconds, doubled for each further one; how much of it is waited is random. Default by profile: fast 1,000, balanced 2,000, safe 5,000.",
    ),
    retry_max_backoff_ms: optional(
      positive,
      "What the wait before a retry is doubled to at most, in milliseconds. Default: 60,000.",
    ),
    memory_threshold_mb: optional(
      nonNegative,
      "Reading pauses while the process's resident memory is above this many MiB; 0 means never. Default by profile: fast 0, balanced 4,096, safe 2,048.",
    ),
    max_batch_memory_mb: optional(
      nonNegative,
      "Limit of one batch's decoded size in MiB, checked by on_batch_memory_exceeded; 0 means no limit. Default: 0.",
    ),
    on_batch_memory_exceeded: optional(
      v.picklist(["warn", "fail", "auto_shrink"]),
      "What happens when a batch is larger than max_batch_memory_mb: warn, fail the export, or read fewer rows from then on. Default: warn.",
    ),
    memory_budget_mb: optional(
      positive,
      "Memory that the process may take, in MiB, from which follows how many readers it has at a time, over all exports; below 148, one, whose batches and buffers are smaller. In source.tuning only. Default: 256, for four readers.",
    ),
    adaptive: optional(
      v.boolean(),
      "Read with fewer readers and smaller batches while the source is busy: replication lag, lock waits, sessions, long statements; PostgreSQL, MySQL and MariaDB. The limits follow from source.environment. Default: false.",
    ),
    min_parallel: optional(
      positive,
      "With adaptive: readers that go on however busy the source is. Default: 1.",
    ),
    max_value_mb: optional(
      positive,
      "Largest single value accepted, in MiB; a larger one fails the run and names its column. Default: 256.",
    ),
  }),
  "How the source is read. An export's own block overrides this one field by field.",
);

/** `tls:` of a source; a block without a mode verifies fully. */
export const tlsSchema = described(
  strictObject({
    mode: defaulted(
      v.picklist(["disable", "require", "verify-ca", "verify-full"]),
      "verify-full",
      "disable: plaintext. require: encrypted, certificate unchecked. verify-ca: certificate checked. verify-full: certificate and host name checked. Default: verify-full.",
    ),
    ca_file: optional(
      text,
      "PEM file of the authority that signed the server's certificate, relative to this file. Default: the system's trust store.",
    ),
    cert_file: optional(
      text,
      "PEM file of a client certificate, for servers that ask for one; with key_file. Relative to this file.",
    ),
    key_file: optional(
      text,
      "PEM file of the client certificate's private key, unencrypted. Relative to this file.",
    ),
    accept_invalid_certs: defaulted(
      v.boolean(),
      false,
      "Accept any certificate, even an expired or self-signed one. For development only. Default: false.",
    ),
    accept_invalid_hostnames: defaulted(
      v.boolean(),
      false,
      "Accept a valid certificate of another host. For development only. Default: false.",
    ),
  }),
  "Encryption of the connection. Without this block the connection is plaintext.",
);

/** `source:`: a URL, or its parts. */
export const sourceSchema = described(
  strictObject({
    type: described(
      v.picklist(["postgres", "mysql", "mssql"]),
      "The database engine. mysql also serves MariaDB.",
    ),
    url: optional(
      text,
      'Connection URL, e.g. "postgresql://user:${DB_PASS}@host:5432/db". Excludes url_env, url_file and the structured fields.',
    ),
    url_env: optional(text, "Environment variable that holds the whole connection URL."),
    url_file: optional(
      text,
      "File that holds the whole connection URL, relative to this file. Surrounding white space is ignored.",
    ),
    host: optional(text, "Host name or address. With user and database, instead of a URL."),
    port: optional(
      v.pipe(whole, v.minValue(1), v.maxValue(65535)),
      "TCP port. Default: 5432 for postgres, 3306 for mysql, 1433 for mssql.",
    ),
    user: optional(text, "User to connect as."),
    password: optional(
      v.string(),
      "Password in plain text; prefer password_env. It never enters an artifact, log or report.",
    ),
    password_env: optional(text, "Environment variable that holds the password."),
    database: optional(text, "Database to connect to."),
    allow_cleartext_password: optional(
      v.boolean(),
      "Send the password as it is where the server asks for it so over a connection that is not encrypted. Default: false.",
    ),
    environment: optional(
      v.picklist(["production", "replica", "local"]),
      "What the source is, which chooses the profile where none is set (production safe, replica balanced, local fast) and the limits of tuning.adaptive. Default: none.",
    ),
    allow_public_key_retrieval: optional(
      v.boolean(),
      "MySQL: over plaintext, take the key that the server sends and encrypt the password with it for caching_sha2_password and sha256_password accounts. Whoever answers could read it. Default: false.",
    ),
    server_public_key_file: optional(
      text,
      "MySQL: PEM file of the server's public key, for the same accounts over plaintext. Relative to this file.",
    ),
    max_connections: optional(
      positive,
      "Most readers of the source at a time, each with a connection, over all exports and the processes of parallel_export_processes. Default: as many as memory_budget_mb and the cores are good for.",
    ),
    trace_sql_comments: optional(
      v.boolean(),
      "End the statements that read rows with a comment that names their span (traceparent, as sqlcommenter writes it), while telemetry is on. Default: false.",
    ),
    tls: v.optional(tlsSchema),
    tuning: v.optional(tuningSchema),
  }),
  "The database to read from.",
);

/** The block after parsing, as it is written. */
export type TuningConfig = v.InferOutput<typeof tuningSchema>;
/** The block after parsing, with its mode. */
export type TlsConfig = v.InferOutput<typeof tlsSchema>;
/** The block after parsing; `url_env`, `url_file` and `password_env` are references still. */
export type SourceConfig = v.InferOutput<typeof sourceSchema>;
