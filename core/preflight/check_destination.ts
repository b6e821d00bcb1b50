/** Whether a destination would take what a run brings, as far as that can be known before one. */
import { requireAccess } from "../access/destination_access.ts";
import { type RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { DestinationConfig } from "../config/schema.ts";
import type { Lookup } from "../config/substitute.ts";
import type { Adapters } from "../ports/adapters.ts";
import { bound, isStream } from "../ports/destination.ts";
import { NotGrantedYetError } from "../ports/granted_access.ts";
import { resolvePlaceholders } from "../manifest/names.ts";
import { openExportDestination } from "../tables/export_destination.ts";
import { tableInPlace } from "../tables/open_table.ts";
import { answered } from "./answered.ts";
import { placeOf } from "./places.ts";

export interface DestinationChecksOptions {
  /**
   * Ask over the network too, as a run does: a probe object is put there and removed. Where content is
   * to be verified that is done in any case.
   */
  readonly network: boolean;
  readonly env: Lookup;
  readonly signal: AbortSignal;
  /** How long a place is waited for. Default: as `answered` does. */
  readonly withinMs?: number;
}

/** Every place is asked once, whatever the number of its exports. */
export class DestinationChecks {
  readonly #deps: Pick<Adapters, "destination" | "table">;
  readonly #options: DestinationChecksOptions;
  readonly #asked = new Map<string, Promise<RivetError | null>>();

  constructor(
    deps: Pick<Adapters, "destination" | "table">,
    options: DestinationChecksOptions,
  ) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Why a run of the export would fail there; null when nothing is known against it. */
  problemOf(exported: LoadedExport): Promise<RivetError | null> {
    const config = placeOf(exported);
    // Of a file of many exports, most share a bucket, each with a prefix of its own.
    const shared = this.#options.network ? config : withoutPrefix(config);
    const key = JSON.stringify([shared, exported.config.verify]);
    const asked = this.#asked.get(key) ?? this.#ask(config, exported);
    this.#asked.set(key, asked);
    return asked;
  }

  /**
   * What a run of the export would do there that nobody asks for; null when nothing is known. Stores are asked
   * where the network is.
   */
  async warningOf(exported: LoadedExport): Promise<string | null> {
    const { network, signal, withinMs } = this.#options;
    const { name: exportName, tableFormat } = exported;
    if (tableFormat !== null || !network && exported.destination.type !== "local") return null;
    const values = { exportName, runId: "check", at: new Date() };
    const config = resolvePlaceholders(exported.destination, values);
    try {
      return await answered(signal, "DESTINATION_UNREACHABLE", async (signal) => {
        const destination = await this.#deps.destination(config);
        try {
          if (isStream(destination)) return null;
          return await tableInPlace(exported, bound(destination, signal));
        } finally {
          await destination.close();
        }
      }, withinMs);
    } catch (error) {
      if (signal.aborted) throw error;
      // Whether it can be listed, the place's problem tells.
      logger().debug(`export '${exportName}': ${toRivetError(error).message}`);
      return null;
    }
  }

  async #ask(config: DestinationConfig, exported: LoadedExport): Promise<RivetError | null> {
    const { network, env, signal, withinMs } = this.#options;
    // Whether a store's MD5s are those of the content, it tells of an object alone.
    const content = exported.config.verify === "content";
    if (!network && !content && !namesCredentials(config, env)) return null;
    try {
      const overNetwork = network || content;
      await answered(
        signal,
        "DESTINATION_UNREACHABLE",
        (signal) => this.#look(config, exported, overNetwork, signal),
        withinMs,
      );
      return null;
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof NotGrantedYetError) {
        logger().info(`export '${exported.name}': ${error.message}`);
        return null;
      }
      return toRivetError(error);
    }
  }

  async #look(
    config: DestinationConfig,
    exported: LoadedExport,
    overNetwork: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    // A catalog that hands out credentials is asked over the network.
    const destination = overNetwork
      ? await openExportDestination(this.#deps, exported, config, signal, "look")
      : await this.#deps.destination(config);
    try {
      if (isStream(destination)) return;
      if (config.type === "local") {
        await destination.probe({ write: false, list: true, compare: false }, signal);
      } else if (overNetwork) {
        await requireAccess(bound(destination, signal), exported, null);
      }
    } finally {
      await destination.close();
    }
  }
}

/** @throws RivetError when `verify: content` cannot hold there. */
export async function requireVerifiable(
  deps: Pick<Adapters, "destination" | "table">,
  exports: readonly LoadedExport[],
  signal: AbortSignal,
): Promise<void> {
  const checks = new DestinationChecks(deps, { network: false, env: () => undefined, signal });
  for (const exported of exports.filter(({ config }) => config.verify === "content")) {
    const problem = await checks.problemOf(exported);
    if (problem !== null) throw problem;
  }
}

function withoutPrefix(config: DestinationConfig): DestinationConfig {
  return "prefix" in config && config.type !== "local" ? { ...config, prefix: "" } : config;
}

/** Whether its credentials are found without asking anybody over the network. */
function namesCredentials(config: DestinationConfig, env: Lookup): boolean {
  switch (config.type) {
    case "local":
    case "stdout":
      return true;
    case "s3":
      return config.access_key_env !== undefined || config.allow_anonymous === true ||
        (config.aws_profile === undefined && env("AWS_ACCESS_KEY_ID") !== undefined);
    case "gcs":
      return config.credentials_file !== undefined || config.allow_anonymous === true ||
        /^http:/i.test(config.endpoint ?? "") ||
        env("GOOGLE_APPLICATION_CREDENTIALS") !== undefined;
    case "azure":
      return config.account_key_env !== undefined || config.sas_token_env !== undefined ||
        config.connection_string_env !== undefined || config.allow_anonymous === true;
  }
}
