/** The one record of adapters, for `program.ts` and the Worker's entry. */
import type { AdapterNeeds, Adapters } from "../core/ports/adapters.ts";
import { destinationNeeds, openDestination } from "./destinations/mod.ts";
import { loadFormat } from "./formats/mod.ts";
import { lineageNeeds, notifierNeeds, openLineage, openNotifiers } from "./notifiers/mod.ts";
import { sourceFactory, sourceNeeds } from "./sources/mod.ts";
import { loadTableFormat, tableNeeds } from "./tables/mod.ts";

/** Everything behind the ports, loaded when it is first asked for. */
export const adapters: Adapters = {
  source: sourceFactory,
  destination: (config, grants = null) => openDestination(config, undefined, grants),
  format: loadFormat,
  table: loadTableFormat,
  openNotifiers: (config) => openNotifiers(config),
  openLineage: (config) => openLineage(config),
};

/** What the same adapters need of the machine and the network. */
export const adapterNeeds: AdapterNeeds = {
  source: sourceNeeds,
  destination: destinationNeeds,
  notifiers: notifierNeeds,
  tables: tableNeeds,
  lineage: lineageNeeds,
};
