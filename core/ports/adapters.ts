/** The adapters of every port, as whoever runs is given them: `program.ts` and the Worker's entry wire them. */
import { RivetError } from "../base/errors.ts";
import type {
  DestinationConfig,
  LineageConfig,
  NotificationsConfig,
  SourceConfig,
  TableFormatConfig,
} from "../config/schema.ts";
import type { AnyDestination } from "./destination.ts";
import type { Format } from "./format.ts";
import type { Grants } from "./granted_access.ts";
import type { LineageReceiver } from "./lineage.ts";
import type { NeedsOf } from "./needs.ts";
import type { Notifier } from "./notifier.ts";
import type { TableFormat } from "./table_format.ts";
import type { SourceFactory } from "./source.ts";

/** One function per port. Each adapter is loaded when it is first asked for. */
export interface Adapters {
  /** @throws RivetError NOT_AVAILABLE for an engine that nobody registered; likewise the others. */
  readonly source: (type: string) => Promise<SourceFactory>;
  /**
   * Opens an export's destination. Nothing is created before its first use; credentials are found here, so
   * that one that is missing stops a run before it reads anything.
   * @param config with placeholders resolved and, for `local`, an absolute path.
   * @param grants asked where the configuration names no credentials. Default: nobody is.
   * @throws ConfigError, DestinationError DESTINATION_AUTH
   */
  readonly destination: (
    config: DestinationConfig,
    grants?: Grants | null,
  ) => Promise<AnyDestination>;
  readonly format: (name: string) => Promise<Format>;
  readonly table: (type: string) => Promise<TableFormat>;
  /**
   * What the configuration asks for. Nothing is sent yet.
   * @throws ConfigError when one has no usable address.
   */
  readonly openNotifiers: (config: NotificationsConfig) => Promise<readonly Notifier[]>;
  /**
   * The receiver of lineage that the configuration names; null when the environment has switched it off.
   * Nothing is sent yet.
   * @throws ConfigError when it has no usable address.
   */
  readonly openLineage: (config: LineageConfig) => Promise<LineageReceiver | null>;
}

/** What the adapters need for a configuration, declared beside each of them. */
export interface AdapterNeeds {
  readonly source: NeedsOf<SourceConfig>;
  /** @param config as `Adapters.destination` takes it, placeholders still in place. */
  readonly destination: NeedsOf<DestinationConfig>;
  readonly notifiers: NeedsOf<NotificationsConfig>;
  readonly tables: NeedsOf<TableFormatConfig>;
  readonly lineage: NeedsOf<LineageConfig>;
}

/**
 * The one list of a kind's adapters, in the one form that such lists have: a name without a loader, or a
 * loader without a name, does not compile.
 * @param kind for the message, e.g. `source type`.
 */
export function registry<Name extends string, Adapter>(
  kind: string,
  loaders: { readonly [N in Name]: () => Promise<Adapter> },
): (name: string) => Promise<Adapter> {
  const byName = new Map<string, () => Promise<Adapter>>(Object.entries(loaders));
  return (name) => {
    const load = byName.get(name);
    if (load !== undefined) return load();
    return Promise.reject(
      new RivetError("NOT_AVAILABLE", `${kind} ${name} is not available`, {
        hint: `This version has: ${[...byName.keys()].join(", ")}.`,
      }),
    );
  };
}
