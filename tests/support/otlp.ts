/** A receiver of OTLP over HTTP, which decodes what arrives by the schema that OpenTelemetry generates. */
import otlp from "@opentelemetry/otlp-transformer/build/src/generated/root.js";

type Value = string | number | boolean;

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly kind: string;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly failed: boolean;
  readonly scope: string;
  readonly service: string;
}

export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, Value>>;
  /** The value, or how many were recorded of a histogram. */
  readonly value: number;
}

interface KeyValue {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

interface WireSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: string;
  readonly attributes?: readonly KeyValue[];
  readonly status?: { readonly code?: string };
}

interface WirePoint {
  readonly attributes?: readonly KeyValue[];
  readonly asDouble?: number;
  readonly asInt?: number;
  readonly count?: number;
}

interface Points {
  readonly dataPoints?: readonly WirePoint[];
}

interface WireMetric {
  readonly name: string;
  readonly unit?: string;
  readonly sum?: Points;
  readonly gauge?: Points;
  readonly histogram?: Points;
}

interface Resource {
  readonly attributes?: readonly KeyValue[];
}

interface Traces {
  readonly resourceSpans?: readonly {
    readonly resource?: Resource;
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans?: readonly WireSpan[];
    }[];
  }[];
}

interface Metrics {
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics?: readonly { readonly metrics?: readonly WireMetric[] }[];
  }[];
}

function attributesOf(pairs: readonly KeyValue[] = []): Record<string, Value> {
  return Object.fromEntries(
    pairs.map(({ key, value = {} }) => [key, Object.values(value)[0] as Value]),
  );
}

/** A message of the schema. */
interface MessageType {
  decode(bytes: Uint8Array): unknown;
  toObject<T>(message: unknown, options: typeof AS_TEXT): T;
}

interface Schema {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: MessageType } };
        readonly metrics: { readonly v1: { readonly ExportMetricsServiceRequest: MessageType } };
      };
    };
  };
}

const { collector } = (otlp as unknown as Schema).opentelemetry.proto;
const AS_TEXT = { longs: Number, enums: String, bytes: String };

const hex = (base64: string | undefined): string =>
  base64 === undefined ? "" : Uint8Array.fromBase64(base64).toHex();

/** The receiver, until it is closed. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly points: ReceivedPoint[] = [];
  /** All that arrived, as it came. */
  readonly bodies: Uint8Array[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  /** What a process needs to send here. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "rivet",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
    };
  }

  /** Of the program itself, not of its runtime. */
  named(name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.scope === "rivet" && span.name === name);
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    this.bodies.push(body);
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/traces") this.#takeTraces(body);
    else if (pathname === "/v1/metrics") this.#takeMetrics(body);
    return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
  }

  #takeTraces(body: Uint8Array): void {
    const type = collector.trace.v1.ExportTraceServiceRequest;
    const traces = type.toObject<Traces>(type.decode(body), AS_TEXT);
    for (const { resource, scopeSpans = [] } of traces.resourceSpans ?? []) {
      const service = String(attributesOf(resource?.attributes)["service.name"]);
      for (const { scope, spans = [] } of scopeSpans) {
        for (const span of spans) {
          this.spans.push({
            name: span.name,
            traceId: hex(span.traceId),
            spanId: hex(span.spanId),
            parentSpanId: hex(span.parentSpanId),
            kind: span.kind,
            attributes: attributesOf(span.attributes),
            failed: span.status?.code === "STATUS_CODE_ERROR",
            scope: scope?.name ?? "",
            service,
          });
        }
      }
    }
  }

  #takeMetrics(body: Uint8Array): void {
    const type = collector.metrics.v1.ExportMetricsServiceRequest;
    const metrics = type.toObject<Metrics>(type.decode(body), AS_TEXT);
    for (const { scopeMetrics = [] } of metrics.resourceMetrics ?? []) {
      for (const metric of scopeMetrics.flatMap(({ metrics = [] }) => metrics)) {
        const { name, unit = "", sum, gauge, histogram } = metric;
        for (const point of (sum ?? gauge ?? histogram)?.dataPoints ?? []) {
          const value = Number(point.asDouble ?? point.asInt ?? point.count ?? 0);
          this.points.push({ name, unit, attributes: attributesOf(point.attributes), value });
        }
      }
    }
  }
}
