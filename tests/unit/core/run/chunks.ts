/** A plan of chunks of ten keys each. */
import type { ChunkedStrategy } from "../../../../core/plan/strategy.ts";

export function chunkedStrategy(chunks: number, fingerprint = "plan"): ChunkedStrategy {
  return {
    kind: "chunked",
    shape: { kind: "range", base: 'SELECT * FROM "orders"', column: "id" },
    fingerprint,
    pageRows: null,
    chunks: Array.from({ length: chunks }, (_, index) => ({
      index,
      start: String(index * 10 + 1),
      end: String(index * 10 + 10),
    })),
  };
}
