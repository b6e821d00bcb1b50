/**
 * The runtime makes a span of each request that a library sends, with its whole URL, and of its failure,
 * which quotes the URL again: a webhook's address and a signature in a query are secrets. Addresses and
 * messages are left out, for every span of the thread.
 */
import { trace } from "@opentelemetry/api";

const SECRET: ReadonlySet<string> = new Set(["url.full", "url.path", "url.query"]);

type Attributes = Readonly<Record<string, unknown>>;

/** What the runtime calls, on the object that it gives to everybody. */
interface SpanMethods {
  setAttribute(name: string, value: unknown): unknown;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  recordException(exception: unknown): void;
}

let hidden = false;

/** Once per thread; the runtime has no setting for it. */
export function hideUrls(): void {
  if (hidden) return;
  hidden = true;
  const methods: SpanMethods = Object.getPrototypeOf(trace.getTracer("rivet").startSpan("rivet"));
  const { setAttribute, setAttributes, setStatus } = methods;
  methods.setAttribute = function (name, value) {
    return SECRET.has(name) ? this : setAttribute.call(this, name, value);
  };
  methods.setAttributes = function (attributes) {
    const kept = Object.entries(attributes).filter(([name]) => !SECRET.has(name));
    return setAttributes.call(this, Object.fromEntries(kept));
  };
  methods.setStatus = function ({ code }) {
    return setStatus.call(this, { code });
  };
  methods.recordException = () => {};
}
