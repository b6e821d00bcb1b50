/** The one list of destination kinds. */
import type { DestinationConfig } from "../../core/config/schema.ts";
import { RivetError } from "../../core/errors.ts";
import type { Destination, StreamDestination } from "../../core/ports/destination.ts";

/**
 * Opens the destination of an export. Nothing is created or contacted before its first use.
 * @param config with placeholders resolved and, for `local`, an absolute path.
 * @throws RivetError NOT_AVAILABLE
 */
export async function openDestination(
  config: DestinationConfig,
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
    case "s3":
    case "gcs":
    case "azure":
      throw new RivetError(
        "NOT_AVAILABLE",
        `destination type ${config.type} is not available yet`,
        { hint: "Use `type: local` or `type: stdout`." },
      );
  }
}
