/** Rules of an export's `destination:` and of what each kind can hold (contracts section 2). */
import { didYouMean } from "../../base/suggest.ts";
import { PLACEHOLDERS, placeholdersIn } from "../placeholders.ts";
import type { DestinationConfig } from "../schema.ts";
import { exclusive, type ExportRule, type Finding, present, sentence } from "./rule.ts";

interface Template {
  readonly key: string;
  readonly value: string;
}

/** The keys that hold the template of a kind's location; stdout has none. */
function templates(destination: DestinationConfig): Template[] {
  switch (destination.type) {
    case "local": {
      const path = { key: "path", value: destination.path };
      const { prefix } = destination;
      return prefix === undefined ? [path] : [path, { key: "prefix", value: prefix }];
    }
    case "s3":
    case "gcs":
    case "azure":
      return [{ key: "prefix", value: destination.prefix }];
    case "stdout":
      return [];
  }
}

/** A rule about the destination alone; its findings' paths start at the destination. */
function about(
  name: string,
  check: (destination: DestinationConfig) => Finding[],
): ExportRule {
  return {
    name,
    reads: ["destination"],
    check: ({ config }) =>
      check(config.destination).map((f) => ({ ...f, path: ["destination", ...f.path] })),
  };
}

const stdoutLimits: ExportRule = {
  name: "stdout_takes_one_plain_file",
  reads: ["destination", "mode", "max_file_size", "partition_by"],
  check({ config }) {
    if (config.destination.type !== "stdout") return [];
    const findings: Finding[] = [];
    const refuse = (key: string, what: string) =>
      findings.push({ path: [key], message: `destination stdout cannot take ${what}` });
    if (config.mode === "chunked") refuse("mode", "mode: chunked, which writes several files");
    if (config.max_file_size !== undefined) {
      refuse("max_file_size", "max_file_size, which writes several files");
    }
    if (config.partition_by !== undefined) {
      refuse("partition_by", "partition_by, which writes several files");
    }
    return findings;
  },
};

const knownPlaceholders = about(
  "placeholders_are_known",
  (destination) =>
    templates(destination).flatMap(({ key, value }) =>
      placeholdersIn(value)
        .filter((name) => !(PLACEHOLDERS as readonly string[]).includes(name))
        .map((name) => ({
          path: [key],
          message: `unknown placeholder {${name}}; known are ` +
            `${sentence(PLACEHOLDERS.map((known) => `{${known}}`), "and")}` +
            didYouMean(`{${name}}`, PLACEHOLDERS.map((known) => `{${known}}`)),
        }))
    ),
);

const partitionPlaceholder: ExportRule = {
  name: "partition_by_iff_placeholder",
  reads: ["destination", "partition_by"],
  check({ config }) {
    const places = templates(config.destination);
    const place = places.find(({ value }) => placeholdersIn(value).includes("partition")) ??
      places.at(-1);
    if (place === undefined) return [];
    const has = placeholdersIn(place.value).includes("partition");
    if (config.partition_by !== undefined && !has) {
      return [{
        path: ["partition_by"],
        message: `partition_by needs {partition} in destination.${place.key}, ` +
          `e.g. "${place.value.replace(/\/+$/, "")}/{partition}"`,
      }];
    }
    return has && config.partition_by === undefined
      ? [{ path: ["destination", place.key], message: "{partition} needs partition_by" }]
      : [];
  },
};

const endpointIsUrl = about("endpoint_is_a_url", (destination) => {
  const endpoint = "endpoint" in destination ? destination.endpoint : undefined;
  return endpoint !== undefined && !/^https?:\/\/\S+$/i.test(endpoint)
    ? [{ path: ["endpoint"], message: "must start with http:// or https://" }]
    : [];
});

const s3Keys = about("s3_key_pair", (destination) => {
  if (destination.type !== "s3") return [];
  const pair = ["access_key_env", "secret_key_env"];
  const given = present(destination, pair);
  if (given.length === 1) {
    const other = pair.find((key) => key !== given[0]);
    return [{
      path: [given[0]],
      message: `${given[0]} needs ${other}; give both, or neither for the default AWS chain`,
    }];
  }
  return given.length === 0 && destination.session_token_env !== undefined
    ? [{
      path: ["session_token_env"],
      message: "session_token_env needs access_key_env and secret_key_env",
    }]
    : [];
});

/** Who names a profile does not mean the keys of the environment. */
const s3Profile = about("s3_profile_or_keys", (destination) =>
  exclusive(
    destination,
    ["access_key_env", "aws_profile"],
    "a profile has keys of its own",
  ));

const anonymous = about("anonymous_without_credentials", (destination) => {
  if (!("allow_anonymous" in destination) || destination.allow_anonymous !== true) return [];
  const credentials = [
    ...["access_key_env", "secret_key_env", "aws_profile", "credentials_file"],
    ...["account_key_env", "sas_token_env", "connection_string_env"],
  ];
  const given = present(destination, credentials);
  if (given.length > 0) {
    return [{
      path: ["allow_anonymous"],
      message: `allow_anonymous and ${given[0]} exclude each other; keep one`,
    }];
  }
  return [{
    path: ["allow_anonymous"],
    message: "requests carry no credentials: whoever reaches the store may write there",
    severity: "warning",
  }];
});

const azureBucket = about("azure_bucket_once", (destination) => {
  if (destination.type !== "azure") return [];
  const keys = ["bucket", "container"];
  return present(destination, keys).length === 0
    ? [{ path: [], message: "no container: give its name as bucket" }]
    : exclusive(destination, keys, "both name the container");
});

const azureCredentials = about("azure_credentials_fit", (destination) => {
  if (destination.type !== "azure") return [];
  const { account_name, endpoint, connection_string_env } = destination;
  const clash = exclusive(
    destination,
    ["account_key_env", "sas_token_env", "connection_string_env"],
    "keep one credential",
  );
  if (clash.length > 0) return clash;
  if (connection_string_env !== undefined) {
    return exclusive(
      destination,
      ["connection_string_env", "account_name"],
      "the connection string names the account",
    );
  }
  if (destination.account_key_env !== undefined && account_name === undefined) {
    return [{ path: ["account_key_env"], message: "account_key_env needs account_name" }];
  }
  return account_name === undefined && endpoint === undefined
    ? [{
      path: [],
      message: "no storage account: give account_name, endpoint or connection_string_env",
    }]
    : [];
});

const noTilde = about("tilde_is_not_expanded", (destination) => {
  const path = destination.type === "local" ? destination.path : "";
  return /^~(\/|\\|$)/.test(path)
    ? [{
      path: ["path"],
      message: '"~" is not expanded: write the whole path, or ${HOME} in its place',
    }]
    : [];
});

/** Names that Rivet itself gives to something else. */
const TAKEN_FOLDERS = ["_quarantine", "_SUCCESS", ".rivet-staging", ".rivet-probe"];

const manifestDir = about("manifest_dir_is_free", (destination) => {
  const dir = "manifest_dir" in destination ? destination.manifest_dir : undefined;
  const name = dir?.replace(/\/$/, "").toLowerCase();
  return TAKEN_FOLDERS.some((taken) => taken.toLowerCase() === name)
    ? [{ path: ["manifest_dir"], message: `Rivet uses ${name} for something else` }]
    : [];
});

/** In the order in which they are asked. */
export const DESTINATION_RULES: readonly ExportRule[] = [
  stdoutLimits,
  knownPlaceholders,
  partitionPlaceholder,
  endpointIsUrl,
  s3Keys,
  s3Profile,
  azureBucket,
  azureCredentials,
  anonymous,
  noTilde,
  manifestDir,
];
