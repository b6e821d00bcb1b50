/** The one record of adapters, for `program.ts` and the Worker's entry. */
import type { Adapters } from "../core/ports/adapters.ts";
import { openDestination } from "./destinations/mod.ts";
import { loadFormat } from "./formats/mod.ts";
import { openNotifiers } from "./notifiers/mod.ts";
import { sourceFactory } from "./sources/mod.ts";

/** Everything behind the ports, loaded when it is first asked for. */
export const adapters: Adapters = {
  source: sourceFactory,
  destination: (config) => openDestination(config),
  format: loadFormat,
  openNotifiers: (config) => openNotifiers(config),
};
