/** The one list of destination kinds. */
import type { DestinationConfig } from "../../core/config/schema.ts";
import { registry } from "../../core/ports/adapters.ts";
import type { NeedsOf } from "../../core/ports/needs.ts";
import { withManifestDir } from "../../core/manifest/manifest_dir.ts";
import { type AnyDestination, isStream } from "../../core/ports/destination.ts";
import type { Grants } from "../../core/ports/granted_access.ts";
import type { Env } from "./kit/environment.ts";
import type { StoreOptions } from "./kit/store_options.ts";

type Type = DestinationConfig["type"];
type Opener<T extends Type> = (
  config: Extract<DestinationConfig, { type: T }>,
  env: Env,
  options: StoreOptions,
) => Promise<AnyDestination>;
/** What is paired by `Loaders`. */
type AnyOpener = (config: never, env: Env, options: StoreOptions) => Promise<AnyDestination>;
type Loaders = { readonly [T in Type]: () => Promise<Opener<T>> };
type Declared = {
  readonly [T in Type]: () => Promise<NeedsOf<Extract<DestinationConfig, { type: T }>>>;
};

const LOADERS: Loaders = {
  local: async () =>
    (await import("./local.ts" as string) as typeof import("./local.ts")).openLocal,
  stdout: async () =>
    (await import("./stdout.ts" as string) as typeof import("./stdout.ts")).openStdout,
  s3: async () => (await import("./s3/mod.ts" as string) as typeof import("./s3/mod.ts")).openS3,
  gcs: async () =>
    (await import("./gcs/mod.ts" as string) as typeof import("./gcs/mod.ts")).openGcs,
  azure: async () =>
    (await import("./azure/mod.ts" as string) as typeof import("./azure/mod.ts")).openAzure,
};

/** Apart from the loaders: what a destination needs is told without its SDK. */
const NEEDS: Declared = {
  local: async () =>
    (await import("./needs.ts" as string) as typeof import("./needs.ts")).localNeeds,
  stdout: async () =>
    (await import("./needs.ts" as string) as typeof import("./needs.ts")).stdoutNeeds,
  s3: async () =>
    (await import("./s3/needs.ts" as string) as typeof import("./s3/needs.ts")).s3Needs,
  gcs: async () =>
    (await import("./gcs/needs.ts" as string) as typeof import("./gcs/needs.ts")).gcsNeeds,
  azure: async () =>
    (await import("./azure/needs.ts" as string) as typeof import("./azure/needs.ts")).azureNeeds,
};

const load = registry<Type, AnyOpener>("destination type", LOADERS);
const needs = registry<Type, NeedsOf<never>>("destination type", NEEDS);

/** @param config as `openDestination` takes it. */
export const destinationNeeds: NeedsOf<DestinationConfig> = async (config, env) =>
  await (await needs(config.type))(config as never, env);

/**
 * Opens the destination of an export. Nothing is created before its first use; credentials are found
 * here, so that one that is missing stops a run before it reads anything.
 * @param config with placeholders resolved and, for `local`, an absolute path.
 * @param grants asked where the configuration names no credentials
 * @throws ConfigError for an environment variable that is named and not set.
 * @throws DestinationError DESTINATION_AUTH when there are no credentials at all.
 */
export async function openDestination(
  config: DestinationConfig,
  env: Env = (name) => Deno.env.get(name),
  grants: Grants | null = null,
): Promise<AnyDestination> {
  const open = await load(config.type);
  const destination = await open(config as never, env, { grants });
  const dir = "manifest_dir" in config ? config.manifest_dir : undefined;
  if (dir === undefined || isStream(destination)) return destination;
  return withManifestDir(destination, dir.replace(/\/$/, ""));
}
