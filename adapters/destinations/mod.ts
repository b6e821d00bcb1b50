/** The one list of destination kinds. */
import type { DestinationConfig } from "../../core/config/schema.ts";
import type { Destination, StreamDestination } from "../../core/ports/destination.ts";
import type { Env } from "./kit/environment.ts";

/**
 * Opens the destination of an export. Nothing is created before its first use; credentials are found
 * here, so that one that is missing stops a run before it reads anything.
 * @param config with placeholders resolved and, for `local`, an absolute path.
 * @throws ConfigError for an environment variable that is named and not set.
 * @throws DestinationError DESTINATION_AUTH when there are no credentials at all.
 */
export async function openDestination(
  config: DestinationConfig,
  env: Env = (name) => Deno.env.get(name),
): Promise<Destination | StreamDestination> {
  switch (config.type) {
    case "local": {
      const { LocalDestination } = await import("./local.ts");
      return new LocalDestination({ root: config.path });
    }
    case "stdout": {
      const { StdoutDestination } = await import("./stdout.ts");
      return new StdoutDestination();
    }
    case "s3": {
      const { openS3 } = await import("./s3/mod.ts");
      return await openS3(config, env);
    }
    case "gcs": {
      const { openGcs } = await import("./gcs/mod.ts");
      return await openGcs(config);
    }
    case "azure": {
      const { openAzure } = await import("./azure/mod.ts");
      return await openAzure(config, env);
    }
  }
}
