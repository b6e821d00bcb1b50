/**
 * Telemetry through the OpenTelemetry API, for which the runtime has a provider and an exporter of its own.
 * Loaded only where the runtime exports (`core/base/exporter.ts`).
 */
import {
  type Attributes,
  context,
  metrics,
  type Span as ApiSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { toRivetError } from "../../core/base/errors.ts";
import { RIVET_VERSION } from "../../core/base/version.ts";
import {
  COUNTERS,
  type Facts,
  GAUGES,
  HISTOGRAMS,
  LEVELS,
  type OpenSpan,
  type SpanName,
  type Telemetry,
} from "../../core/ports/telemetry.ts";
import { hideUrls } from "./hide_urls.ts";

const NAME = "rivet";

/** Spans of what another program does for this one. */
const CLIENTS: ReadonlySet<SpanName> = new Set(["connect", "query", "read", "put", "state"]);

/** Seconds, for chunks that take from a blink to hours. */
const DURATIONS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

function attributes(facts: Facts): Attributes {
  const known: Attributes = {};
  for (const [name, fact] of Object.entries(facts)) {
    if (fact !== null && fact !== undefined) known[name] = fact;
  }
  return known;
}

/** W3C Trace Context, version 00; a later version begins the same. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

/** Null where it names no span. */
export function spanContextOf(traceparent: string): SpanContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent.trim()) ?? [];
  if (traceId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true };
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

function openSpan(span: ApiSpan): OpenSpan {
  const fail = (code: string) => {
    span.setAttribute("error.type", code);
    span.setStatus({ code: SpanStatusCode.ERROR });
  };
  return {
    traceparent: traceparentOf(span.spanContext()),
    set: (facts) => void span.setAttributes(attributes(facts)),
    fail,
    end(thrown) {
      // What an error says may name a row's value.
      if (thrown !== undefined) fail(toRivetError(thrown).code);
      span.end();
    },
  };
}

/** @param parent `traceparent` of what started this process or thread; null: nobody's child. */
export function openTelemetry(parent: string | null): Telemetry {
  hideUrls();
  const tracer = trace.getTracer(NAME, RIVET_VERSION);
  const remote = (header: string | null) => {
    const of = header === null ? null : spanContextOf(header);
    return of === null ? context.active() : trace.setSpanContext(context.active(), of);
  };
  const around = () =>
    trace.getSpanContext(context.active()) === undefined ? remote(parent) : context.active();
  const start = (name: SpanName, facts: Facts): ApiSpan => {
    const kind = CLIENTS.has(name) ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return tracer.startSpan(name, { kind, attributes: attributes(facts) }, around());
  };
  return {
    on: true,
    async span(name, facts, work) {
      const api = start(name, facts);
      const span = openSpan(api);
      try {
        const result = await context.with(trace.setSpan(context.active(), api), work, null, span);
        span.end();
        return result;
      } catch (error) {
        span.end(error ?? "");
        throw error;
      }
    },
    begin: (name, facts) => openSpan(start(name, facts)),
    within: (header, work) => header === null ? work() : context.with(remote(header), work),
    traceparent() {
      const of = trace.getSpanContext(around());
      return of === undefined ? null : traceparentOf(of);
    },
    ...meters(),
  };
}

function meters(): Pick<Telemetry, "count" | "change" | "record" | "measure"> {
  const meter = metrics.getMeter(NAME, RIVET_VERSION);
  const each = <K extends string, I>(units: Readonly<Record<K, string>>, make: Make<I>) =>
    Object.fromEntries(
      Object.entries<string>(units).map(([name, unit]) => [name, make(name, { unit })]),
    ) as Record<K, I>;
  const counters = each(COUNTERS, (name, options) => meter.createCounter(name, options));
  const levels = each(LEVELS, (name, options) => meter.createUpDownCounter(name, options));
  const gauges = each(GAUGES, (name, options) => meter.createGauge(name, options));
  const histograms = each(HISTOGRAMS, (name, options) =>
    meter.createHistogram(name, {
      ...options,
      advice: { explicitBucketBoundaries: DURATIONS },
    }));
  return {
    count: (counter, by, facts) => counters[counter].add(by, attributes(facts)),
    change: (level, by, facts) => levels[level].add(by, attributes(facts)),
    record: (histogram, value, facts) => histograms[histogram].record(value, attributes(facts)),
    measure: (gauge, value, facts) => gauges[gauge].record(value, attributes(facts)),
  };
}

type Make<I> = (name: string, options: { readonly unit: string }) => I;
