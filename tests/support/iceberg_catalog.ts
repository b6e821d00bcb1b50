/**
 * An Iceberg REST catalog over HTTP, as far as writers need it, shaped after the one that Iceberg publishes for
 * tests: prefix from its configuration, OAuth2 client credentials, namespaces, staged tables, commits under
 * requirements. Its answers can be lost, and its tokens expire.
 */
import { isDeepStrictEqual } from "node:util";
import { formatJson, parseJson } from "../../adapters/tables/iceberg/json.ts";

type Metadata = Record<string, unknown> & {
  "table-uuid": string;
  schemas: Record<string, unknown>[];
  "partition-specs": Record<string, unknown>[];
  snapshots: Record<string, unknown>[];
  properties: Record<string, string>;
  refs: Record<string, Record<string, unknown>>;
};

/** What becomes of the next commit. */
export type Fate = "answered" | "answer lost" | "last words" | "lost on the way" | "overtaken";

export interface CatalogServer {
  readonly uri: string;
  /** `METHOD path` of every request. */
  readonly requests: string[];
  /** A gateway answers in the catalog's place, as it does after the `last words`: a commit that was made. */
  isDown: boolean;
  /** Of the commits to come, one after another; then all are answered. */
  readonly fates: Fate[];
  /** What is done before an overtaken commit is looked at. */
  overtake: () => Promise<void>;
  expireTokens(): void;
  /** What goes with a table to whoever asks for credentials: properties, by the time of asking. */
  vend: () => Readonly<Record<string, unknown>>;
  metadata(identifier: string): Metadata;
  close(): Promise<void>;
}

const ID = "rivet";
const SECRET = "s3cr3t-of-the-client";
/** The one that there is. */
export const WAREHOUSE = "lake";
/** For `credential_env`. */
export const CREDENTIAL = `${ID}:${SECRET}`;

class Failure extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

function answer(status: number, body: unknown): Response {
  return new Response(formatJson(body), {
    status,
    headers: { "content-type": "application/json" },
  });
}

function empty(location: string): Metadata {
  return {
    "format-version": 2,
    "table-uuid": crypto.randomUUID(),
    location,
    "last-sequence-number": 0,
    "last-updated-ms": 0,
    "last-column-id": 0,
    "current-schema-id": -1,
    schemas: [],
    "default-spec-id": -1,
    "partition-specs": [],
    "last-partition-id": 999,
    "default-sort-order-id": 0,
    "sort-orders": [],
    properties: {},
    snapshots: [],
    "snapshot-log": [],
    "metadata-log": [],
    refs: {},
  };
}

interface Update extends Record<string, unknown> {
  readonly action: string;
}

const last = <T>(list: readonly T[]): T => list[list.length - 1];

function apply(table: Metadata, update: Update): void {
  switch (update.action) {
    case "assign-uuid":
      table["table-uuid"] = update.uuid as string;
      return;
    case "upgrade-format-version":
      table["format-version"] = update["format-version"];
      return;
    case "add-schema": {
      const schema = update.schema as Record<string, unknown>;
      // One that is there is not added, and nothing is the last one then.
      const isKnown = table.schemas.some(({ fields }) => isDeepStrictEqual(fields, schema.fields));
      if (!isKnown) table.schemas.push(schema);
      table["last-added-schema"] = isKnown ? null : schema["schema-id"];
      table["last-column-id"] = update["last-column-id"];
      return;
    }
    case "set-current-schema": {
      const id = update["schema-id"] === -1 ? table["last-added-schema"] : update["schema-id"];
      if (!table.schemas.some((schema) => schema["schema-id"] === id)) {
        throw new Failure(400, "ValidationException", "Cannot set last added schema");
      }
      delete table["last-added-schema"];
      table["current-schema-id"] = id;
      return;
    }
    case "add-spec":
      table["partition-specs"].push(update.spec as Record<string, unknown>);
      return;
    case "set-default-spec":
      table["default-spec-id"] = last(table["partition-specs"])["spec-id"];
      return;
    case "add-sort-order":
    case "set-default-sort-order":
      return;
    case "set-location":
      table.location = update.location;
      return;
    case "set-properties":
      Object.assign(table.properties, update.updates);
      return;
    case "add-snapshot": {
      const snapshot = update.snapshot as Record<string, unknown>;
      if (snapshot["sequence-number"] as number <= (table["last-sequence-number"] as number)) {
        throw new Failure(400, "BadRequestException", "the sequence number is not above the last");
      }
      table["last-sequence-number"] = snapshot["sequence-number"];
      table.snapshots.push(snapshot);
      return;
    }
    case "set-snapshot-ref": {
      const { action: _, "ref-name": name, ...ref } = update;
      table.refs[name as string] = ref;
      table["current-snapshot-id"] = ref["snapshot-id"];
      return;
    }
    default:
      throw new Failure(400, "BadRequestException", `no update ${update.action}`);
  }
}

function require(table: Metadata | undefined, requirement: Record<string, unknown>): void {
  const fail = () => {
    throw new Failure(409, "CommitFailedException", `Requirement failed: ${requirement.type}`);
  };
  const is = (key: string) => table?.[key] === requirement[key] || fail();
  switch (requirement.type) {
    case "assert-create":
      return void (table === undefined || fail());
    case "assert-table-uuid":
      return void (table?.["table-uuid"] === requirement.uuid || fail());
    case "assert-ref-snapshot-id": {
      const there = table?.refs[requirement.ref as string]?.["snapshot-id"] ?? null;
      return void (there === requirement["snapshot-id"] || fail());
    }
    case "assert-current-schema-id":
      return void is("current-schema-id");
    case "assert-default-spec-id":
      return void is("default-spec-id");
    default:
      throw new Failure(400, "BadRequestException", `no requirement ${requirement.type}`);
  }
}

export function startCatalog(): CatalogServer {
  const namespaces = new Set<string>();
  const tables = new Map<string, Metadata>();
  let token = crypto.randomUUID() as string;

  /** Only with tables, and only where they are asked for. */
  const vended = (request: Request) =>
    request.headers.get("x-iceberg-access-delegation") === "vended-credentials"
      ? server.vend()
      : {};
  const load = (key: string) => {
    const table = tables.get(key);
    if (table === undefined) {
      throw new Failure(404, "NoSuchTableException", `Table does not exist: ${key}`);
    }
    return { "metadata-location": `memory://${key}`, metadata: table, config: {} };
  };

  const commit = async (key: string, body: Record<string, unknown>): Promise<Response> => {
    const fate = server.fates.shift() ?? "answered";
    if (fate === "overtaken") await server.overtake();
    // A gateway's word for both.
    const silent = answer(504, {
      error: { message: "no answer from upstream", type: "Gateway", code: 504 },
    });
    if (fate === "lost on the way") return silent;
    const table = tables.get(key);
    for (const one of body.requirements as Record<string, unknown>[]) require(table, one);
    const next = structuredClone(table ?? empty(""));
    for (const update of body.updates as Update[]) apply(next, update);
    tables.set(key, next);
    server.isDown = fate === "last words";
    return ["answer lost", "last words"].includes(fate) ? silent : answer(200, load(key));
  };

  const route = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    server.requests.push(`${request.method} ${pathname}`);
    if (server.isDown) return new Response("<h1>Bad gateway</h1>", { status: 502 });
    if (pathname === "/v1/oauth/tokens") {
      const form = new URLSearchParams(await request.text());
      const known = form.get("client_id") === ID && form.get("client_secret") === SECRET &&
        form.get("grant_type") === "client_credentials" && form.get("scope") === "catalog";
      return known
        ? answer(200, { access_token: token, token_type: "bearer", expires_in: 3600 })
        : answer(401, { error: "invalid_client", error_description: "wrong client" });
    }
    if (request.headers.get("authorization") !== `Bearer ${token}`) {
      throw new Failure(401, "NotAuthorizedException", "Not authorized");
    }
    if (pathname === "/v1/config") {
      const { searchParams } = new URL(request.url);
      if (searchParams.get("warehouse") !== WAREHOUSE) {
        throw new Failure(404, "NotFoundException", "Unable to find warehouse");
      }
      return answer(200, { defaults: { prefix: "ware house" }, overrides: {} });
    }
    const text = await request.text();
    const body = text === "" ? {} : parseJson(text) as Record<string, unknown>;
    const [, v1, prefix, , namespace, , name] = pathname.split("/").map(decodeURIComponent);
    if (v1 !== "v1" || prefix !== "ware house") {
      throw new Failure(404, "NotFound", `no ${pathname}`);
    }
    if (namespace === undefined) {
      namespaces.add((body.namespace as string[]).join("\x1f"));
      return answer(200, body);
    }
    if (!namespaces.has(namespace)) {
      throw new Failure(404, "NoSuchNamespaceException", "no namespace");
    }
    const key = `${namespace.replaceAll("\x1f", ".")}.${name ?? body.name}`;
    if (name !== undefined) {
      return request.method === "GET"
        ? answer(200, { ...load(key), ...vended(request) })
        : await commit(key, body);
    }
    if (tables.has(key)) {
      throw new Failure(409, "AlreadyExistsException", `Table already exists: ${key}`);
    }
    if (body["stage-create"] !== true) throw new Failure(406, "Unsupported", "staged tables alone");
    const { schema, "partition-spec": spec } = body as Record<string, Record<string, unknown>>;
    const staged = { ...empty(body.location as unknown as string), schemas: [schema] };
    const metadata = { ...staged, "partition-specs": [spec] };
    return answer(200, { metadata, config: {}, ...vended(request) });
  };

  const listening = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      try {
        return await route(request);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const { status: code, type, message } = error;
        return answer(code, { error: { message, type, code } });
      }
    },
  );
  const server: CatalogServer = {
    uri: `http://127.0.0.1:${listening.addr.port}`,
    requests: [],
    isDown: false,
    fates: [],
    overtake: () => Promise.resolve(),
    vend: () => ({}),
    expireTokens: () => void (token = crypto.randomUUID()),
    metadata: (identifier) => load(identifier).metadata,
    close: () => listening.shutdown(),
  };
  return server;
}
