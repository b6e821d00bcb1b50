/** `type: s3`: credentials, region and client. */
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { DestinationConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import type { GrantedKeys } from "../../../core/ports/granted_access.ts";
import { registerSecret } from "../../../core/base/redact.ts";
import { type Env, fromEnvironment } from "../kit/environment.ts";
import { ensureHome } from "../kit/home.ts";
import { openHttp } from "../kit/http/open.ts";
import { ObjectDestination } from "../kit/object_store.ts";
import { UPLOAD_LIMITS } from "../kit/part_upload.ts";
import { REQUEST_SETTINGS, Requests, UNSTOPPED } from "../kit/requests.ts";
import { normalizedPrefix } from "../kit/prefix.ts";
import { Renewed } from "../kit/renewed.ts";
import type { StoreOptions } from "../kit/store_options.ts";
import { S3_WORDS, s3Facts } from "./errors.ts";
import { sdkHandler } from "./handler.ts";
import { S3Store } from "./store.ts";

export type S3Config = Extract<DestinationConfig, { type: "s3" }>;

/** Compatible stores take any region in a signature. */
const REGION_OF_ENDPOINTS = "us-east-1";

/** Requests that carry no signature. */
const ANONYMOUS: S3ClientConfig = {
  credentials: { accessKeyId: "", secretAccessKey: "" },
  signer: { sign: (request) => Promise.resolve(request) },
};

/** Every failure is in an error; the SDK would write about it to the console, too. */
const QUIET = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/**
 * Credentials and region are found here, before anything is read from a source: those the
 * configuration names, else those that a catalog hands out, else the environment, else the AWS default chain.
 * @throws ConfigError for a variable that is not set and for a missing region.
 * @throws DestinationError DESTINATION_AUTH when the chain finds no credentials.
 */
export async function openS3(
  config: S3Config,
  env: Env,
  options: StoreOptions = {},
): Promise<ObjectDestination> {
  ensureHome();
  const http = await openHttp(config, env, ["AWS_CA_BUNDLE"]);
  const granted = namesCredentials(config) ? null : await Renewed.ask(
    "s3",
    options.grants ?? null,
    `s3://${config.bucket}/${normalizedPrefix(config.prefix)}`,
  );
  const place = granted === null ? config : grantedPlace(config, granted.first);
  const client = new S3Client({
    ...(granted === null ? credentialsOf(config, env) : grantedCredentials(granted)),
    ...placeOf(place, env),
    requestHandler: sdkHandler(http),
    // A head is one small write; what a store refuses it says before it has taken a body.
    expectContinueHeader: false,
    // `Requests` tries again; the MD5 that every body carries makes other checksums superfluous.
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    logger: QUIET,
  });
  const requests = new Requests(S3_WORDS, s3Facts, options.requests ?? REQUEST_SETTINGS);
  try {
    await findRegion(client, config);
    if (config.allow_anonymous !== true) await findCredentials(client, config, requests);
  } catch (error) {
    client.destroy();
    throw error;
  }
  const store = new S3Store(client, config.bucket, requests, {
    limits: options.limits ?? UPLOAD_LIMITS,
    // Stores that speak the protocol may not know them.
    heedsConditions: place.endpoint === undefined ? true : null,
  });
  return new ObjectDestination(store, config.prefix);
}

function credentialsOf(config: S3Config, env: Env): S3ClientConfig {
  const { access_key_env, secret_key_env, session_token_env, aws_profile } = config;
  if (config.allow_anonymous === true) return ANONYMOUS;
  if (aws_profile !== undefined) return { profile: aws_profile };
  if (access_key_env === undefined || secret_key_env === undefined) return {};
  return {
    credentials: {
      accessKeyId: fromEnvironment(env, "access_key_env", access_key_env, { shown: true }),
      secretAccessKey: fromEnvironment(env, "secret_key_env", secret_key_env),
      ...(session_token_env === undefined
        ? {}
        : { sessionToken: fromEnvironment(env, "session_token_env", session_token_env) }),
    },
  };
}

function namesCredentials({ access_key_env, aws_profile, allow_anonymous }: S3Config): boolean {
  return access_key_env !== undefined || aws_profile !== undefined || allow_anonymous === true;
}

/** Those of somebody who knows where the bucket is; what the configuration says counts more. */
function grantedPlace(config: S3Config, granted: GrantedKeys): S3Config {
  const { endpoint, region, pathStyle } = granted;
  return {
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(pathStyle === null ? {} : { path_style: pathStyle }),
    ...config,
  };
}

/** The SDK asks again when they are about to expire. */
function grantedCredentials(granted: Renewed<"s3">): S3ClientConfig {
  return {
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = await granted.current();
      return {
        ...{ accessKeyId, secretAccessKey },
        ...(sessionToken === null ? {} : { sessionToken }),
        ...(expiresAt === null ? {} : { expiration: expiresAt }),
      };
    },
  };
}

/** Without a region here, the SDK looks for one in the AWS profile. */
function placeOf(config: S3Config, env: Env): S3ClientConfig {
  const region = config.region ?? env("AWS_REGION") ?? env("AWS_DEFAULT_REGION");
  if (config.endpoint === undefined) {
    return {
      ...(region === undefined ? {} : { region }),
      ...(config.path_style === undefined ? {} : { forcePathStyle: config.path_style }),
    };
  }
  return {
    endpoint: config.endpoint,
    forcePathStyle: config.path_style ?? true,
    region: region ?? REGION_OF_ENDPOINTS,
  };
}

async function findRegion(client: S3Client, config: S3Config): Promise<void> {
  try {
    await client.config.region();
  } catch (cause) {
    throw new ConfigError(`destination.region: no region for bucket ${config.bucket}`, [], {
      hint: "Set `region`, or AWS_REGION, or a region in the AWS profile.",
      cause,
    });
  }
}

async function findCredentials(
  client: S3Client,
  config: S3Config,
  requests: Requests,
): Promise<void> {
  const { aws_profile } = config;
  const where = aws_profile === undefined ? "" : `in the AWS profile '${aws_profile}' `;
  const request = {
    doing: `find credentials ${where}for`,
    target: `s3://${config.bucket}`,
    permission: "s3:PutObject",
  };
  const found = await requests.run(request, UNSTOPPED, () => client.config.credentials());
  registerSecret(found.secretAccessKey);
  registerSecret(found.sessionToken);
}
