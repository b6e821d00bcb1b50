import { rejects } from "node:assert/strict";
import type { LoadedExport } from "../../../../core/config/loaded.ts";
import { planExport } from "../../../../core/plan/export_plan.ts";
import type { Dialect, Source } from "../../../../core/ports/source.ts";

const exported = {
  name: "orders",
  reconcile: "checksum",
  mode: { kind: "full" },
  consistency: { kind: "statement" },
  tuning: { adaptive: false },
} as Partial<LoadedExport> as LoadedExport;
const inputs = {
  now: new Date(0),
  cursor: null,
  ties: null,
  chunks: null,
  signal: new AbortController().signal,
};

/** A source that cannot be asked anything. */
function sourceWith(dialect: Partial<Dialect>): Source {
  const info = { engine: "Base", version: "1", warnings: [] };
  return { dialect, info } as Partial<Source> as Source;
}

Deno.test("a checksum that the server cannot compute is refused before anything is asked", async () => {
  await rejects(planExport(sourceWith({}), exported, inputs), {
    code: "NOT_AVAILABLE",
    message: "export 'orders': checksums are not available for Base",
    hint: "Reconcile counts: leave --checksum out, or set reconcile: count.",
  });
});

Deno.test("what would bring the checksum is said", async () => {
  const source = sourceWith({ checksumRemedy: "Install it." });
  await rejects(planExport(source, exported, inputs), {
    hint: "Install it. Or reconcile counts: leave --checksum out, or set reconcile: count.",
  });
});
