/**
 * A table that is where its files are, without a catalog: `metadata/v<N>.metadata.json`, created only where
 * the name is free, and `metadata/version-hint.text`, by which readers find the newest. The layout of
 * Iceberg's HadoopTables, read by Spark, DuckDB, pyiceberg and others by its folder.
 */
import type { TableStore } from "../../../core/ports/table_format.ts";
import type { Catalog, Loaded, Proposal } from "./catalog.ts";
import { formatJson } from "./json.ts";
import { parseMetadata, type TableMetadata, withChange } from "./metadata.ts";
import { pathOf } from "./paths.ts";

const HINT = "metadata/version-hint.text";

const keyOf = (version: number) => `metadata/v${version}.metadata.json`;
const VERSION = /^metadata\/v(\d+)\.metadata\.json$/;

export class PathCatalog implements Catalog {
  readonly #store: TableStore;
  readonly #location: string;

  constructor(store: TableStore, location: string) {
    this.#store = store;
    this.#location = location;
  }

  async load(): Promise<Loaded | null> {
    const version = await this.#newest();
    if (version === 0) return null;
    const key = keyOf(version);
    const bytes = await this.#store.read(key);
    if (bytes === null) return null;
    const file = pathOf(this.#location, key);
    return { metadata: parseMetadata(new TextDecoder().decode(bytes), file), file };
  }

  stage(metadata: TableMetadata): Promise<TableMetadata> {
    return Promise.resolve(metadata);
  }

  async commit({ base, metadata, change }: Proposal): Promise<"done" | "lost"> {
    const version = base === null ? 1 : versionOf(base) + 1;
    const next = withChange(metadata, change, base?.file ?? null);
    const bytes = new TextEncoder().encode(formatJson(next, 2));
    if (await this.#store.create(bytes, keyOf(version)) === "taken") return "lost";
    await this.#hint(version);
    return "done";
  }

  async settle(): Promise<void> {
    const newest = await this.#newest();
    if (newest > 0 && await this.#hinted() !== newest) await this.#hint(newest);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The hint may be behind: whoever wrote the newest version may have died before it. 0: no table. */
  async #newest(): Promise<number> {
    let version = await this.#hinted();
    if (version === 0 || await this.#store.head(keyOf(version)) === null) {
      version = 0;
      for await (const { key } of this.#store.list("metadata/v")) {
        version = Math.max(version, Number(VERSION.exec(key)?.[1] ?? 0));
      }
    }
    if (version === 0) return 0;
    return this.#newestFrom(version);
  }

  async #newestFrom(version: number): Promise<number> {
    let newest = version;
    while (await this.#store.head(keyOf(newest + 1)) !== null) newest++;
    return newest;
  }

  async #hinted(): Promise<number> {
    const bytes = await this.#store.read(HINT);
    const text = bytes === null ? "" : new TextDecoder().decode(bytes).trim();
    return /^\d{1,15}$/.test(text) ? Number(text) : 0;
  }

  /** Until it names the newest: of two writers, the slower one may be the one that committed first. */
  async #hint(version: number): Promise<void> {
    for (let at = version;;) {
      await this.#store.replace(new TextEncoder().encode(String(at)), HINT);
      const newest = await this.#newestFrom(at);
      if (newest === at) return;
      at = newest;
    }
  }
}

function versionOf({ file }: Loaded): number {
  return Number(/v(\d+)\.metadata\.json$/.exec(file ?? "")?.[1] ?? 0);
}
