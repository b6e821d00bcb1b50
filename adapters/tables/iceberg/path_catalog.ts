/**
 * A table that is where its files are, without a catalog: `metadata/v<N>.metadata.json`, or
 * `v<N>.gz.metadata.json` where the table says so, created only where the name is free, and
 * `metadata/version-hint.text`, by which readers find the newest. The layout of Iceberg's HadoopTables, read
 * by Spark, DuckDB, pyiceberg and others by its folder.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import type { TableStore } from "../../../core/ports/table_format.ts";
import type { Catalog, Loaded, Proposal } from "./catalog.ts";
import { formatJson } from "./json.ts";
import { parseMetadata, type TableMetadata, withChange } from "./metadata.ts";
import { pathOf } from "./paths.ts";

const HINT = "metadata/version-hint.text";

/** What a version's name ends with; other writers may compress theirs. */
const ENDINGS = [".metadata.json", ".gz.metadata.json", ".metadata.json.gz"] as const;
const VERSION = /(?:^|\/)v(\d+)(?:\.gz\.metadata\.json|\.metadata\.json(?:\.gz)?)$/;

/** The table's own word for how its metadata is written. */
const CODEC = "write.metadata.compression-codec";

const keyOf = (version: number, ending: typeof ENDINGS[number]) => `metadata/v${version}${ending}`;

/** A version by its number and its name. */
interface Version {
  readonly number: number;
  readonly key: string;
}

export class PathCatalog implements Catalog {
  readonly #store: TableStore;
  readonly #location: string;

  constructor(store: TableStore, location: string) {
    this.#store = store;
    this.#location = location;
  }

  async load(): Promise<Loaded | null> {
    const version = await this.#newest();
    if (version === null) return null;
    const { key } = version;
    const bytes = await this.#store.read(key);
    if (bytes === null) return null;
    const file = pathOf(this.#location, key);
    const plain = /\.gz\b/.test(key) ? gunzipSync(bytes) : bytes;
    return { metadata: parseMetadata(new TextDecoder().decode(plain), file), file };
  }

  stage(metadata: TableMetadata): Promise<TableMetadata> {
    return Promise.resolve(metadata);
  }

  async commit({ base, metadata, change }: Proposal): Promise<"done" | "lost"> {
    const version = base === null ? 1 : versionOf(base) + 1;
    const next = withChange(metadata, change, base?.file ?? null);
    const plain = new TextEncoder().encode(formatJson(next, 2));
    // Under the one name that other writers would take: it is what tells who was first.
    const gzip = next.properties?.[CODEC]?.toLowerCase() === "gzip";
    const key = keyOf(version, gzip ? ".gz.metadata.json" : ".metadata.json");
    const bytes = gzip ? new Uint8Array(gzipSync(plain)) : plain;
    if (await this.#store.create(bytes, key) === "taken") return "lost";
    await this.#hint(version);
    return "done";
  }

  async settle(): Promise<void> {
    const newest = await this.#newest();
    if (newest !== null && await this.#hinted() !== newest.number) await this.#hint(newest.number);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The hint may be behind: whoever wrote the newest version may have died before it. null: no table. */
  async #newest(): Promise<Version | null> {
    let version = await this.#find(await this.#hinted());
    if (version === null) {
      for await (const { key } of this.#store.list("metadata/v")) {
        const number = Number(VERSION.exec(key)?.[1] ?? 0);
        if (number > (version?.number ?? 0)) version = { number, key };
      }
    }
    return version === null ? null : await this.#newestFrom(version);
  }

  async #newestFrom(version: Version): Promise<Version> {
    for (let newest = version;;) {
      const next = await this.#find(newest.number + 1);
      if (next === null) return newest;
      newest = next;
    }
  }

  async #find(number: number): Promise<Version | null> {
    if (number === 0) return null;
    const keys = ENDINGS.map((ending) => keyOf(number, ending));
    const found = await Promise.all(keys.map((key) => this.#store.head(key)));
    const key = keys.find((_, k) => found[k] !== null);
    return key === undefined ? null : { number, key };
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
      const next = await this.#find(at + 1);
      if (next === null) return;
      at = (await this.#newestFrom(next)).number;
    }
  }
}

function versionOf({ file }: Loaded): number {
  return Number(VERSION.exec(file ?? "")?.[1] ?? 0);
}
