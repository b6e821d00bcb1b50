import { equal, throws } from "node:assert/strict";
import type { LoadedExport } from "../../../../core/config/loaded.ts";
import type { RunServices } from "../../../../core/run/context.ts";
import type { RunOptions } from "../../../../core/run/run_options.ts";
import { sharedRun } from "../../../../core/tasks/shared_run.ts";

const CREATED = "2026-01-31T10:00:00.000Z";

function shared(by: "ctid" | "partitions" | null) {
  const exported = {
    name: "heap",
    mode: { kind: "chunked", by, taskLeaseMs: 1 },
    consistency: { kind: "snapshot" },
  } as Partial<LoadedExport> as LoadedExport;
  const sealed = new Map([["heap", { createdAt: CREATED, snapshot: { id: "s", point: "p" } }]]);
  return sharedRun({} as RunServices, { sealed } as unknown as RunOptions, exported);
}

Deno.test("tasks: chunks by ctid are not shared out, whoever holds their snapshot", () => {
  throws(() => shared("ctid"), {
    code: "NOT_AVAILABLE",
    message: /^export 'heap': chunk_by: ctid has no tasks: a table that is rewritten between/,
  });
  equal(shared("partitions").runId, shared(null).runId);
});
