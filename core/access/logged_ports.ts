/** What is asked of the source, put into the destination and written to the state, as lines of the log. */
import { type LogFields, logger } from "../base/log.ts";
import { type CallLog, loggedCalls } from "../base/logged_calls.ts";
import type { Batch } from "../batch/batch.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { AnyDestination, ObjectInfo } from "../ports/destination.ts";
import type { ConnectOptions, ReadRequest, Source, SourceFactory } from "../ports/source.ts";
import type { StateStore } from "../ports/state.ts";
import { isGranted, isWrite } from "./state_calls.ts";

/** A statement is cut here: a list of columns tells no more after that. */
const STATEMENT_CHARACTERS = 2000;

function oneLine(sql: string): string {
  const text = sql.replaceAll(/\s+/g, " ").trim();
  return text.length <= STATEMENT_CHARACTERS ? text : `${text.slice(0, STATEMENT_CHARACTERS)}…`;
}

/** The adapters; connections are said at info, statements and what goes to a store at debug. */
export function loggedAdapters(adapters: Adapters): Adapters {
  return {
    ...adapters,
    source: async (type) => loggedFactory(await adapters.source(type)),
    destination: async (config, grants) =>
      loggedDestination(await adapters.destination(config, grants)),
  };
}

function loggedFactory(factory: SourceFactory): SourceFactory {
  const connect = async (options: ConnectOptions): Promise<Source> => {
    const began = performance.now();
    const source = await factory.connect(options);
    const { engine, version } = source.info;
    const session = options.applicationName;
    const ms = Math.round(performance.now() - began);
    logger().info(`${session}: connected to ${engine} ${version}, ${ms} ms`, {
      ...{ session, engine, version, profile: options.tuning.profile, ms },
    });
    return loggedSource(source, session);
  };
  return new Proxy(factory, {
    get: (target, name) => name === "connect" ? connect : Reflect.get(target, name, target),
  });
}

/** Statements that the port is given are said as they are; others by the method that makes them. */
function loggedSource(source: Source, session: string): Source {
  const calls: CallLog = {
    describe(method, args, result) {
      if (["read", "close", "checksumObstacle"].includes(method)) return null;
      const [first] = args;
      const statement = typeof first === "string" ? oneLine(first) : "";
      const rows = method === "rows" && Array.isArray(result) ? result.length : null;
      return {
        text: `${session}: ${method === "rows" ? "" : `${method} `}${statement}`.trimEnd() +
          (rows === null ? "" : `: ${rows} rows`),
        fields: { session, call: method, statement, rows },
      };
    },
  };
  const logged = loggedCalls(source, calls);
  if (logged === source) return source;
  return new Proxy(logged, {
    get: (target, name) =>
      name === "read"
        ? (request: ReadRequest) => loggedRead(source, session, request)
        : Reflect.get(target, name),
  });
}

async function* loggedRead(
  source: Source,
  session: string,
  request: ReadRequest,
): AsyncIterable<Batch> {
  const began = performance.now();
  const statement = oneLine(request.sql);
  let rows = 0;
  let ended = "stopped";
  try {
    for await (const batch of source.read(request)) {
      rows += batch.rows;
      yield batch;
    }
    ended = "read";
  } catch (error) {
    ended = "failed";
    throw error;
  } finally {
    const ms = Math.round(performance.now() - began);
    logger().debug(`${session}: ${statement}: ${ended}, ${rows} rows, ${ms} ms`, {
      ...{ session, call: "read", statement, access: request.access, rows, ended, ms },
    });
  }
}

function loggedDestination(destination: AnyDestination): AnyDestination {
  return loggedCalls(destination, {
    describe(method, args, result) {
      if (["stagingDir", "close", "list", "write"].includes(method)) return null;
      const { key, bytes } = objectOf(method, args, result);
      const outcome = method === "put" && typeof result === "string" ? `: ${result}` : "";
      return {
        text: `${destination.uri}: ${method} ${key}${outcome}`.trimEnd(),
        fields: { store: destination.uri, call: method, key, bytes },
      };
    },
  });
}

/** Which object a call of the port is about. */
function objectOf(
  method: string,
  args: readonly unknown[],
  result: unknown,
): { key: string; bytes: number | null } {
  switch (method) {
    case "put":
      return { key: String(args[1]), bytes: null };
    case "replace":
      return { key: String(args[1]), bytes: (args[0] as Uint8Array).length };
    case "head":
      return { key: String(args[0]), bytes: (result as ObjectInfo | null)?.sizeBytes ?? null };
    case "move":
      return { key: `${args[0]} to ${args[1]}`, bytes: null };
    case "probe":
      return { key: "", bytes: null };
    default:
      return { key: String(args[0]), bytes: null };
  }
}

/** Names of what a write is about, as programs know them. */
const STATE_FIELDS: Readonly<Record<string, string>> = {
  exportName: "export",
  runId: "run_id",
  chunkIndex: "chunk",
  fileName: "key",
  value: "value",
  rows: "rows",
};

function fieldsOf(args: readonly unknown[]): LogFields {
  const fields: Record<string, string | number> = {};
  for (const arg of args) {
    if (typeof arg !== "object" || arg === null) continue;
    for (const [name, field] of Object.entries(STATE_FIELDS)) {
      const value: unknown = Reflect.get(arg, name);
      if (typeof value === "string" || typeof value === "number") fields[field] = value;
    }
  }
  return fields;
}

/** The state; every write is said at debug, every question at trace. */
export function loggedState<T extends StateStore>(state: T): T {
  const calls: CallLog = {
    describe(method, args) {
      if (method === "close") return null;
      const plain = args.filter((arg) => typeof arg === "string" || typeof arg === "number");
      const fields = fieldsOf(args);
      const said = [...plain, ...Object.values(fields)].join(" ");
      return {
        text: `state: ${method} ${said}`.trimEnd(),
        fields: { call: method, ...fields },
        level: isWrite(method) ? "debug" : "trace",
      };
    },
    wrap: (_method, result) =>
      isGranted(result) ? { ...result, state: loggedCalls(result.state, calls) } : result,
  };
  return loggedCalls(state, calls);
}
