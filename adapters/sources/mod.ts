/** The one list of source engines. Each is loaded when first asked for. */
import type { SourceConfig } from "../../core/config/schema.ts";
import { RivetError } from "../../core/base/errors.ts";
import type { SourceFactory } from "../../core/ports/source.ts";

export type SourceType = SourceConfig["type"];
export type SourceLoader = () => Promise<SourceFactory>;

/** Loaders by type; a second registration of a type throws. */
export class SourceRegistry {
  readonly #loaders = new Map<string, SourceLoader>();

  register(type: SourceType, loader: SourceLoader): this {
    if (this.#loaders.has(type)) {
      throw new RivetError("INTERNAL", `source type ${type} is registered twice`);
    }
    this.#loaders.set(type, loader);
    return this;
  }

  /** @throws RivetError NOT_AVAILABLE for a type that nobody registered. */
  async load(type: string): Promise<SourceFactory> {
    const loader = this.#loaders.get(type);
    if (loader === undefined) {
      throw new RivetError("NOT_AVAILABLE", `source type ${type} is not available`, {
        hint: `This version reads from: ${[...this.#loaders.keys()].join(", ")}.`,
      });
    }
    return await loader();
  }
}

const registry = new SourceRegistry()
  .register("postgres", async () => (await import("./postgres/mod.ts")).postgres)
  .register("mysql", async () => (await import("./mysql/mod.ts")).mysql)
  .register("mssql", async () => (await import("./mssql/mod.ts")).mssql);

/** The factory of a source type. */
export function sourceFactory(type: string): Promise<SourceFactory> {
  return registry.load(type);
}
