/**
 * The telemetry port: where a run's time goes (spans), and what it moves (metrics), for the systems that an
 * operator already runs. `configureTelemetry` decides once per thread who is told; until then, and where
 * nobody asks, it is `OFF`, which does the work and nothing else.
 *
 * A span's parent is the span around the call, across every `await`; in another thread or process it is the
 * `traceparent` that came along. Facts hold no secrets, no rows and no values: of an error its code alone.
 * Nothing here fails, or waits for whoever is told.
 */

/** What a span is of. The names are public API. */
export type SpanName =
  | "run"
  | "export"
  | "chunk"
  | "connect"
  | "query"
  | "read"
  | "encode"
  | "put"
  | "state";

/** What only grows, with its unit. The names are public API, as those of the other metrics. */
export const COUNTERS = {
  "rivet.rows": "{row}",
  "rivet.bytes": "By",
  "rivet.retries": "{retry}",
} as const;

/** What is up or down at a moment: told by how much it changes. */
export const LEVELS = {
  "rivet.chunks.in_flight": "{chunk}",
  "rivet.encode.in_flight": "By",
} as const;

/** What has a size each time. */
export const HISTOGRAMS = { "rivet.chunk.duration": "s" } as const;

/** What is measured now and then. */
export const GAUGES = { "rivet.memory": "By" } as const;

/** The name of a metric of each kind. */
export type Counter = keyof typeof COUNTERS;
/** As `Counter`. */
export type Level = keyof typeof LEVELS;
/** As `Counter`. */
export type Histogram = keyof typeof HISTOGRAMS;
/** As `Counter`. */
export type Gauge = keyof typeof GAUGES;

/** By the semantic conventions where they have a name, else below `rivet.`. What is null is left out. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A step that goes on. */
export interface Span {
  set(facts: Facts): void;
  /** The step did not succeed, and nothing was thrown. @param code of the error. */
  fail(code: string): void;
}

/** A span that whoever began it ends. */
export interface OpenSpan extends Span {
  /** The header that makes another process its child (W3C Trace Context). */
  readonly traceparent: string | null;
  /** Once. @param thrown what ended it early. */
  end(thrown?: unknown): void;
}

/** Who is told of a run; see above. */
export interface Telemetry {
  /** Whether anybody is told, for whoever would have to work for it. */
  readonly on: boolean;
  /** Does `work` inside a span, which fails when `work` throws. */
  span<T>(name: SpanName, facts: Facts, work: (span: Span) => Promise<T>): Promise<T>;
  /** A span for what is no single call; nothing is inside of it by itself. */
  begin(name: SpanName, facts: Facts): OpenSpan;
  /** Does `work` as part of what `traceparent` names; null: of nothing else than now. */
  within<T>(traceparent: string | null, work: () => T): T;
  /** Of the span around this call. */
  traceparent(): string | null;
  count(counter: Counter, by: number, facts: Facts): void;
  change(level: Level, by: number, facts: Facts): void;
  record(histogram: Histogram, value: number, facts: Facts): void;
  measure(gauge: Gauge, value: number, facts: Facts): void;
}

const NO_SPAN: OpenSpan = { traceparent: null, set() {}, fail() {}, end() {} };

/** Nobody is told anything. */
export const OFF: Telemetry = {
  on: false,
  span: (_name, _facts, work) => work(NO_SPAN),
  begin: () => NO_SPAN,
  within: (_traceparent, work) => work(),
  traceparent: () => null,
  count() {},
  change() {},
  record() {},
  measure() {},
};

let current: Telemetry = OFF;

/** What is in force in this thread. */
export function telemetry(): Telemetry {
  return current;
}

/** Before the first span; `OFF` takes it back. */
export function configureTelemetry(to: Telemetry): void {
  current = to;
}
