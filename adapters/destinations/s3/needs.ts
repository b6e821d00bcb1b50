/** What `type: s3` needs: the store's address as the SDK forms it, and whoever gives credentials. */
import { join } from "node:path";
import { type EnvLookup, type NeedsOf, together } from "../../../core/ports/needs.ts";
import { textOf } from "../kit/existing.ts";
import { homeOf } from "../kit/home.ts";
import { storeNeeds } from "../kit/needs.ts";
import type { S3Config } from "./mod.ts";

/** The metadata services of instances and containers, which answer with credentials. */
const INSTANCE = ["http://169.254.169.254", "http://[fd00:ec2::254]"];
const CONTAINER = ["http://169.254.170.2", "http://169.254.170.23", "http://[fd00:ec2::23]"];

/** What exports to S3 reach: the bucket, and whoever gives the credentials. */
export const s3Needs: NeedsOf<S3Config> = (config, env) => {
  const { region, ...files } = awsFiles(config, env);
  const credentials = credentialPlaces(config, env, files.text, region);
  const common = storeNeeds({
    urls: [...storeUrls(config, region, env), ...credentials.urls],
    caFile: config.ca_file,
    caVariables: ["AWS_CA_BUNDLE"],
  }, env);
  const named = [config.access_key_env, config.secret_key_env, config.session_token_env];
  return together(common, {
    read: [...files.paths, ...credentials.read],
    env: [
      ...named.filter((name) => name !== undefined),
      ...["AWS_*", "_X_AMZN_TRACE_ID", "HOME", "USERPROFILE", "HOMEPATH", "HOMEDRIVE"],
    ],
    sys: ["osRelease", ...(env("HOME") === undefined ? ["homedir" as const] : [])],
    notes: [
      ...credentials.notes,
      ...(region === null && config.endpoint === undefined
        ? ["no region is known before the run: name it in `region`, and one host is enough"]
        : []),
    ],
  });
};

interface AwsFiles {
  readonly paths: readonly string[];
  readonly text: string;
  /** null: nobody says before the run. */
  readonly region: string | null;
}

/** The SDK looks into them for settings even where credentials are given. */
function awsFiles(config: S3Config, env: EnvLookup): AwsFiles {
  const home = join(homeOf(env), ".aws");
  const paths = [
    env("AWS_CONFIG_FILE") ?? join(home, "config"),
    env("AWS_SHARED_CREDENTIALS_FILE") ?? join(home, "credentials"),
  ];
  const text = paths.map(textOf).join("\n");
  const profile = config.aws_profile ?? env("AWS_PROFILE") ?? "default";
  const region = config.region ?? env("AWS_REGION") ?? env("AWS_DEFAULT_REGION") ??
    sectionOf(text, profile).region ?? null;
  return { paths, text, region };
}

/** The settings of a profile, from all sections that have its name. */
function sectionOf(text: string, profile: string): Record<string, string> {
  const found: Record<string, string> = {};
  let inside = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line);
    if (header !== null) inside = header[1] === profile;
    const pair = /^([\w]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (inside && pair !== null) found[pair[1]] = pair[2];
  }
  return found;
}

/** Partitions by the beginning of a region's name. */
const SUFFIXES: readonly (readonly [string, string])[] = [
  ["cn-", "amazonaws.com.cn"],
  ["us-isob-", "sc2s.sgov.gov"],
  ["us-iso-", "c2s.ic.gov"],
  ["eusc-", "amazonaws.eu"],
];

function suffixOf(region: string): string {
  return SUFFIXES.find(([start]) => region.startsWith(start))?.[1] ?? "amazonaws.com";
}

/** A bucket that can be a host's name stands in front of the store's. */
function storeUrls(config: S3Config, region: string | null, env: EnvLookup): string[] {
  const own = config.endpoint ?? env("AWS_ENDPOINT_URL_S3") ?? env("AWS_ENDPOINT_URL");
  const pathStyle = config.path_style ?? config.endpoint !== undefined;
  const dns = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(config.bucket);
  const at = (base: URL) => {
    if (dns && !pathStyle) base.host = `${config.bucket}.${base.host}`;
    return base.href;
  };
  if (own !== undefined) return URL.canParse(own) ? [at(new URL(own))] : [];
  if (region === null) return ["https://*.amazonaws.com"];
  const fips = env("AWS_USE_FIPS_ENDPOINT") === "true" ? "-fips" : "";
  const dualstack = env("AWS_USE_DUALSTACK_ENDPOINT") === "true" ? ".dualstack" : "";
  return [at(new URL(`https://s3${fips}${dualstack}.${region}.${suffixOf(region)}`))];
}

interface Places {
  readonly urls: readonly string[];
  readonly read: readonly string[];
  readonly notes: readonly string[];
}

const NOWHERE: Places = { urls: [], read: [], notes: [] };

/** In the order of the SDK's chain, which ends with the first that has some. */
function credentialPlaces(
  config: S3Config,
  env: EnvLookup,
  text: string,
  region: string | null,
): Places {
  if (config.allow_anonymous === true || config.access_key_env !== undefined) return NOWHERE;
  const given = (name: string) => (env(name) ?? "") !== "";
  const named = config.aws_profile ?? env("AWS_PROFILE");
  if (named === undefined && given("AWS_ACCESS_KEY_ID") && given("AWS_SECRET_ACCESS_KEY")) {
    return NOWHERE;
  }
  const profile = profilePlaces(sectionOf(text, named ?? "default"), region, env);
  const roles = config.aws_profile === undefined ? rolePlaces(env, region) : NOWHERE;
  return {
    urls: [...profile.urls, ...roles.urls],
    read: [...profile.read, ...roles.read],
    notes: [...profile.notes, ...roles.notes],
  };
}

function tokenService(region: string | null): string[] {
  return region === null
    ? ["https://sts.amazonaws.com", "https://*.amazonaws.com"]
    : ["https://sts.amazonaws.com", `https://sts.${region}.${suffixOf(region)}`];
}

function profilePlaces(
  settings: Record<string, string>,
  region: string | null,
  env: EnvLookup,
): Places {
  const { role_arn, sso_start_url, sso_session, credential_process } = settings;
  const home = join(homeOf(env), ".aws");
  const sso = sso_start_url !== undefined || sso_session !== undefined;
  const at = settings.sso_region ?? region;
  const hosts = at === null
    ? ["https://*.amazonaws.com"]
    : [`https://portal.sso.${at}.amazonaws.com`, `https://oidc.${at}.amazonaws.com`];
  return {
    urls: [
      ...(role_arn === undefined ? [] : tokenService(region)),
      ...(sso ? hosts : []),
    ],
    read: [
      ...(sso ? [join(home, "sso", "cache")] : []),
      ...(settings.web_identity_token_file === undefined ? [] : [settings.web_identity_token_file]),
    ],
    notes: credential_process === undefined
      ? []
      : [`the AWS profile starts a program: add --allow-run for ${credential_process}`],
  };
}

/** Web identity, containers, instances. */
function rolePlaces(env: EnvLookup, region: string | null): Places {
  const tokenFile = env("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (tokenFile !== undefined) return { ...NOWHERE, urls: tokenService(region), read: [tokenFile] };
  const containerToken = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const read = containerToken === undefined ? [] : [containerToken];
  const full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (full !== undefined) return { ...NOWHERE, urls: [full], read };
  if (env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") !== undefined) {
    return { ...NOWHERE, urls: CONTAINER, read };
  }
  if (env("AWS_EC2_METADATA_DISABLED") === "true") return NOWHERE;
  const own = env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  return { ...NOWHERE, urls: own === undefined ? INSTANCE : [own] };
}
