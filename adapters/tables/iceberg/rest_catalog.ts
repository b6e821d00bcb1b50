/** A table that a REST catalog names: the catalog decides which commit comes first. */
import { RivetError } from "../../../core/base/errors.ts";
import { delay } from "../../../core/base/wait.ts";
import { type GrantedAccess, NotGrantedYetError } from "../../../core/ports/granted_access.ts";
import type { Asking } from "../../../core/ports/table_format.ts";
import type { Catalog, Loaded, Proposal } from "./catalog.ts";
import type { JsonObject } from "./json.ts";
import {
  currentSchema,
  currentSnapshot,
  hasSchema,
  newTable,
  readMetadata,
  type TableMetadata,
} from "./metadata.ts";
import { newSchema } from "./schema.ts";
import { grantedAccess } from "./vending.ts";
import { CatalogError, type RestClient } from "./rest_client.ts";

/** How often a commit whose answer was lost is looked for, and sent again. */
const LOOKS = 4;
const LOOK_MS = 500;

/** Asks for credentials with the table. */
const DELEGATION = { "x-iceberg-access-delegation": "vended-credentials" } as const;

/** Between the levels of a namespace in a path. */
const LEVELS = "\x1f";

export class RestCatalog implements Catalog {
  readonly #client: RestClient;
  readonly #namespace: readonly string[];
  readonly #name: string;
  readonly #signal: AbortSignal;

  /** @param identifier `namespace.table`, the namespace with as many levels as it has points */
  constructor(client: RestClient, identifier: string, signal: AbortSignal) {
    const levels = identifier.split(".");
    this.#name = levels.pop() as string;
    this.#namespace = levels;
    this.#client = client;
    this.#signal = signal;
    if (levels.length === 0 || [...levels, this.#name].some((level) => level === "")) {
      throw new RivetError(
        "TABLE_UNSUPPORTED",
        `identifier '${identifier}' is not namespace.table, e.g. shop.orders`,
      );
    }
  }

  async load(): Promise<Loaded | null> {
    try {
      const answer = await this.#client.send({
        method: "GET",
        path: this.#tablePath,
        doing: `load the table ${this.#title}`,
        repeats: true,
      });
      return this.#loaded(answer);
    } catch (error) {
      // A namespace that is missing has no tables.
      if (error instanceof CatalogError && error.status === 404) return null;
      throw error;
    }
  }

  /** Where the table would lie, and its id. */
  async stage(metadata: TableMetadata): Promise<TableMetadata> {
    return this.#loaded(await this.#staged(metadata, "work")).metadata;
  }

  /**
   * Access to the table's place, as the catalog hands it out; to that of a table to come, where there is none.
   * null: it hands out none.
   * @throws NotGrantedYetError to who only looks, where the namespace is missing
   */
  async grant(location: string, asking: Asking): Promise<GrantedAccess | null> {
    try {
      return grantedAccess(await this.#delegated(location, asking), location);
    } catch (error) {
      // A catalog that stages no tables hands out nothing before there is one.
      if (error instanceof CatalogError && [400, 406, 501].includes(error.status)) return null;
      throw error;
    }
  }

  async #delegated(location: string, asking: Asking): Promise<JsonObject> {
    try {
      return await this.#client.send({
        method: "GET",
        path: this.#tablePath,
        headers: DELEGATION,
        doing: `ask for access to the table ${this.#title}`,
        repeats: true,
      });
    } catch (error) {
      if (!(error instanceof CatalogError) || error.status !== 404) throw error;
    }
    const { schema, lastColumnId } = newSchema([{ name: "id", type: { kind: "text" } }]);
    const nothing = newTable(location, schema, lastColumnId, { "spec-id": 0, fields: [] });
    return await this.#staged(nothing, asking, DELEGATION);
  }

  async #staged(
    metadata: TableMetadata,
    asking: Asking,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<JsonObject> {
    try {
      return await this.#create(metadata, headers);
    } catch (error) {
      if (!(error instanceof CatalogError) || error.status !== 404) throw error;
      if (asking === "look") {
        throw new NotGrantedYetError(`namespace ${this.#namespace.join(".")}`);
      }
      await this.#createNamespace();
      return await this.#create(metadata, headers);
    }
  }

  /**
   * Sent again under the same conditions while nobody knows what came of it: it is taken once, because it asks
   * for the snapshot that it was made on.
   */
  async commit(proposal: Proposal): Promise<"done" | "lost"> {
    const body = this.#body(proposal);
    for (let look = 1;; look++) {
      try {
        await this.#client.send({
          method: "POST",
          path: this.#tablePath,
          body,
          doing: `commit to the table ${this.#title}`,
          repeats: false,
        });
        return "done";
      } catch (error) {
        if (!(error instanceof CatalogError)) throw error;
        if (!error.ambiguous && ![400, 409].includes(error.status)) throw error;
        // First of all: an attempt whose answer was lost may have been taken.
        const now = await this.load();
        if (hasSnapshot(now, proposal)) return "done";
        if (error.status === 409) return "lost";
        // A commit to another branch has taken the number, which no requirement is about.
        if (error.status === 400) {
          if (sequenceOf(now) === sequenceOf(proposal.base)) throw error;
          return "lost";
        }
        if (look >= LOOKS) throw error;
      }
      await delay(LOOK_MS * 2 ** (look - 1), this.#signal);
    }
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #title(): string {
    return [...this.#namespace, this.#name].join(".");
  }

  get #tablesPath(): string {
    return `/namespaces/${encodeURIComponent(this.#namespace.join(LEVELS))}/tables`;
  }

  get #tablePath(): string {
    return `${this.#tablesPath}/${encodeURIComponent(this.#name)}`;
  }

  #loaded(answer: JsonObject): Loaded {
    const metadata = readMetadata(answer.metadata, `the catalog's ${this.#title}`);
    const file = answer["metadata-location"];
    return { metadata, file: typeof file === "string" ? file : null };
  }

  #create(
    metadata: TableMetadata,
    headers: Readonly<Record<string, string>>,
  ): Promise<JsonObject> {
    return this.#client.send({
      headers,
      method: "POST",
      path: this.#tablesPath,
      doing: `create the table ${this.#title}`,
      // Staged: nothing is made.
      repeats: true,
      body: {
        name: this.#name,
        location: metadata.location,
        schema: currentSchema(metadata),
        "partition-spec": metadata["partition-specs"][0],
        "write-order": metadata["sort-orders"][0],
        "stage-create": true,
        properties: { "format-version": "2" },
      },
    });
  }

  async #createNamespace(): Promise<void> {
    const namespace = this.#namespace;
    try {
      await this.#client.send({
        method: "POST",
        path: "/namespaces",
        body: { namespace, properties: {} },
        doing: `create the namespace ${namespace.join(".")}`,
        repeats: true,
      });
    } catch (error) {
      // Another writer was faster.
      if (!(error instanceof CatalogError) || error.status !== 409) throw error;
    }
  }

  #body({ base, metadata, change }: Proposal): unknown {
    const { schema, lastColumnId, properties, snapshot } = change;
    const parent = base === null ? null : currentSnapshot(base.metadata);
    const requirements = base === null ? [{ type: "assert-create" }] : [
      { type: "assert-table-uuid", uuid: base.metadata["table-uuid"] },
      {
        type: "assert-ref-snapshot-id",
        ref: "main",
        "snapshot-id": parent?.["snapshot-id"] ?? null,
      },
      { type: "assert-current-schema-id", "current-schema-id": base.metadata["current-schema-id"] },
      { type: "assert-default-spec-id", "default-spec-id": base.metadata["default-spec-id"] },
    ];
    return {
      identifier: { namespace: this.#namespace, name: this.#name },
      requirements,
      updates: [
        ...(base === null ? creation(metadata) : []),
        ...(schema === null
          ? []
          : hasSchema(metadata, schema)
          ? [{ action: "set-current-schema", "schema-id": schema["schema-id"] }]
          : [
            { action: "add-schema", schema, "last-column-id": lastColumnId },
            { action: "set-current-schema", "schema-id": -1 },
          ]),
        { action: "set-properties", updates: properties },
        { action: "add-snapshot", snapshot },
        {
          action: "set-snapshot-ref",
          "ref-name": "main",
          type: "branch",
          "snapshot-id": snapshot["snapshot-id"],
        },
      ],
    };
  }
}

function hasSnapshot(loaded: Loaded | null, { change }: Proposal): boolean {
  const id = change.snapshot["snapshot-id"];
  return loaded?.metadata.snapshots?.some((known) => known["snapshot-id"] === id) ?? false;
}

function sequenceOf(loaded: Loaded | null): number {
  return loaded?.metadata["last-sequence-number"] ?? 0;
}

/** All that a table without a snapshot consists of. */
function creation(metadata: TableMetadata): unknown[] {
  return [
    { action: "assign-uuid", uuid: metadata["table-uuid"] },
    { action: "upgrade-format-version", "format-version": 2 },
    {
      action: "add-schema",
      schema: currentSchema(metadata),
      "last-column-id": metadata["last-column-id"],
    },
    { action: "set-current-schema", "schema-id": -1 },
    { action: "add-spec", spec: metadata["partition-specs"][0] },
    { action: "set-default-spec", "spec-id": -1 },
    { action: "add-sort-order", "sort-order": metadata["sort-orders"][0] },
    { action: "set-default-sort-order", "sort-order-id": -1 },
    { action: "set-location", location: metadata.location },
  ];
}
