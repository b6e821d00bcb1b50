import { doesNotThrow, rejects } from "node:assert/strict";
import { requireEngine } from "../../../../core/access/capabilities.ts";
import type { LoadedExport } from "../../../../core/config/loaded.ts";
import { planExport, planWithoutWaiting } from "../../../../core/plan/export_plan.ts";
import type { Source } from "../../../../core/ports/source.ts";

function chunked(dense: boolean, by: "ctid" | "partitions" | null = null): LoadedExport {
  return {
    name: "orders",
    mode: { kind: "chunked", dense, by },
    consistency: { kind: "statement" },
    tuning: { adaptive: false },
  } as Partial<LoadedExport> as LoadedExport;
}

/** A server that cannot be asked anything. */
const source = {
  info: { engine: "MySQL", version: "5.7.44", warnings: [] },
  capabilities: {
    copy: false,
    serverCursor: false,
    sharedSnapshot: { why: "none" },
    windowFunctions: false,
    blockRanges: false,
    partitions: false,
  },
} as Partial<Source> as Source;

const inputs = {
  now: new Date(0),
  cursor: null,
  ties: null,
  chunks: null,
  signal: new AbortController().signal,
};

Deno.test("chunk_dense without window functions is refused by name, in a run, a check and a plan", async () => {
  const expected = {
    code: "CONFIG_INVALID",
    message:
      "export 'orders': chunk_dense needs window functions, which MySQL 5.7.44 does not have",
    hint: "Use chunk_by_key with a unique key, or chunk_column without chunk_dense.",
  };
  await rejects(planExport(source, chunked(true), inputs), expected);
  await rejects(planWithoutWaiting(source, chunked(true), inputs), expected);
});

Deno.test("other chunks need no window functions", () => {
  doesNotThrow(() => requireEngine(source, chunked(false)));
});

Deno.test("chunk_by without what it needs is refused by name, in a run, a check and a plan", async () => {
  const needs = {
    ctid: "statements over ranges of a table's blocks",
    partitions: "statements over one partition of a table",
  };
  for (const [by, needed] of Object.entries(needs) as ["ctid" | "partitions", string][]) {
    const expected = {
      code: "CONFIG_INVALID",
      message: `export 'orders': chunk_by: ${by} needs ${needed}, which MySQL 5.7.44 does not have`,
    };
    await rejects(planExport(source, chunked(false, by), inputs), expected);
    await rejects(planWithoutWaiting(source, chunked(false, by), inputs), expected);
  }
});

Deno.test("tuning.adaptive at an engine that is not asked how busy it is, is refused by name", async () => {
  const exported = { ...chunked(false), tuning: { adaptive: true } } as LoadedExport;
  const expected = {
    code: "CONFIG_INVALID",
    message: /^export 'orders': tuning\.adaptive is not available for MySQL, which is not asked/,
  };
  await rejects(planExport(source, exported, inputs), expected);
  await rejects(planWithoutWaiting(source, exported, inputs), expected);
});
