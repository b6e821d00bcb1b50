/** What is asked of the source, encoded, put into the destination and written to the state, as spans. */
import { type Around, wrapCalls } from "../base/wrapped_calls.ts";
import type { Batch } from "../batch/batch.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { AnyDestination } from "../ports/destination.ts";
import type { Format, FormatEncoder } from "../ports/format.ts";
import type { ConnectOptions, ReadRequest, Source, SourceFactory } from "../ports/source.ts";
import type { StateStore } from "../ports/state.ts";
import { type Facts, type OpenSpan, type SpanName, telemetry } from "../ports/telemetry.ts";
import { isGranted, isWrite } from "./state_calls.ts";
import { withTrace } from "./trace_comment.ts";

/** The adapters; themselves where nobody is told. */
export function tracedAdapters(adapters: Adapters): Adapters {
  if (!telemetry().on) return adapters;
  return {
    ...adapters,
    source: async (type) => tracedFactory(await adapters.source(type)),
    destination: async (config, grants) =>
      tracedDestination(await adapters.destination(config, grants)),
    format: async (name) => tracedFormat(await adapters.format(name)),
  };
}

/** A call that gives a promise is a span; the others take no time worth telling. */
function traced(name: SpanName, facts: Facts, call: () => unknown): unknown {
  return telemetry().span(name, facts, async () => await call());
}

function tracedFactory(factory: SourceFactory): SourceFactory {
  const connect = (options: ConnectOptions): Promise<Source> =>
    telemetry().span("connect", {}, async (span) => {
      const source = await factory.connect(options);
      span.set(factsOf(source));
      return tracedSource(source, options.source.trace_sql_comments === true);
    });
  return wrapCalls(
    factory,
    (method, args, call) => method === "connect" ? connect(args[0] as ConnectOptions) : call(),
  );
}

function factsOf({ info }: Source): Facts {
  return { "db.system.name": info.system };
}

/** Methods of `Source` that ask the server nothing by themselves. */
const SILENT = ["close", "checksumObstacle"];

function tracedSource(source: Source, comments: boolean): Source {
  const system = factsOf(source);
  return wrapCalls(source, (method, args, call) => {
    if (SILENT.includes(method)) return call();
    if (method === "read") return tracedRead(source, args[0] as ReadRequest, comments);
    const facts = { ...system, "rivet.call": method };
    if (method !== "rows") return traced("query", facts, call);
    return telemetry().span("query", { ...facts, "db.operation.name": "SELECT" }, async (span) => {
      const sql = args[0] as string;
      const rows = await source.rows(comments ? withTrace(sql, telemetry().traceparent()) : sql);
      span.set({ "db.response.returned_rows": rows.length });
      return rows;
    });
  });
}

async function* tracedRead(
  source: Source,
  request: ReadRequest,
  comments: boolean,
): AsyncIterable<Batch> {
  const facts = {
    ...factsOf(source),
    "db.operation.name": "SELECT",
    "rivet.access": request.access,
  };
  const span = telemetry().begin("read", facts);
  let rows = 0;
  let bytes = 0;
  let thrown: unknown;
  try {
    for await (const batch of source.read(comments ? commented(request, span) : request)) {
      rows += batch.rows;
      bytes += batch.byteLength;
      yield batch;
    }
  } catch (error) {
    thrown = error ?? "";
    throw error;
  } finally {
    span.set({ "db.response.returned_rows": rows, "rivet.batch_bytes": bytes });
    span.end(thrown);
  }
}

/** Some of a request is asked for again while it is read, so that it is not copied. */
function commented(request: ReadRequest, { traceparent }: OpenSpan): ReadRequest {
  const sql = withTrace(request.sql, traceparent);
  return new Proxy(request, {
    get: (target, name) => name === "sql" ? sql : Reflect.get(target, name),
  });
}

function tracedFormat(format: Format): Format {
  return wrapCalls(
    format,
    (method, _args, call) =>
      method === "open"
        ? (call() as Promise<FormatEncoder>).then((encoder) => tracedEncoder(encoder, format.name))
        : call(),
  );
}

/** From the file's first row to its last byte. */
function tracedEncoder(encoder: FormatEncoder, format: string): FormatEncoder {
  const span = telemetry().begin("encode", { "rivet.format": format });
  let rows = 0;
  return wrapCalls(encoder, (method, args, call) => {
    if (method === "write") rows += (args[0] as Batch).rows;
    let thrown: unknown;
    try {
      return call();
    } catch (error) {
      thrown = error ?? "";
      throw error;
    } finally {
      if (method === "finish" || thrown !== undefined) {
        span.set({ "rivet.rows": rows, "rivet.bytes": encoder.bytesWritten });
        span.end(thrown);
      }
    }
  });
}

/** What changes the destination; asking for it is part of the step that asks. */
const PUTS = ["put", "replace", "move"];

function tracedDestination(destination: AnyDestination): AnyDestination {
  const { uri, capabilities: { kind } } = destination;
  const around: Around = (method, args, call) => {
    if (!PUTS.includes(method)) return call();
    // Folders of a partitioned export are values of its rows.
    const key = String(args[1]).split("/").at(-1);
    const facts = { "rivet.call": method, "rivet.store": kind, "rivet.uri": uri, "rivet.key": key };
    return traced("put", facts, call);
  };
  return wrapCalls(destination, around);
}

/** The state; every write is a span. Itself where nobody is told. */
export function tracedState<T extends StateStore>(state: T): T {
  if (!telemetry().on) return state;
  const around: Around = (method, _args, call) => {
    if (!isWrite(method)) return call();
    return telemetry().span("state", { "rivet.call": method }, async () => {
      const result = await call();
      return isGranted(result) ? { ...result, state: wrapCalls(result.state, around) } : result;
    });
  };
  return wrapCalls(state, around);
}
