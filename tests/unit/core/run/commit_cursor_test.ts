/** I3: when a cursor moves, and when it is put back. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import type { IncrementalStrategy } from "../../../../core/plan/strategy.ts";
import type { CursorState } from "../../../../core/ports/state.ts";
import { commitCursor, cursorMove, restoreCursor } from "../../../../core/run/commit_cursor.ts";
import { RUN_ID, withRun } from "../../../support/run_context.ts";

function strategyOf(fields: Partial<IncrementalStrategy> = {}): IncrementalStrategy {
  const window = { after: null, until: null };
  return { after: null, window, ties: null, ...fields } as unknown as IncrementalStrategy;
}

const read = (lastValue: string | null, rows = 1, lastTies: readonly string[] | null = null) => ({
  rows,
  lastValue,
  lastTies,
});

const cursor = (value: string, runId: string): CursorState => ({
  exportName: "orders",
  cursor: value,
  updatedAt: "2026-03-29T12:51:09.336Z",
  runId,
});

Deno.test("cursor: no row, or no value, moves nothing", () =>
  withRun({}, async ({ ctx }) => {
    equal(await cursorMove(ctx, strategyOf(), read("7", 0)), null);
    equal(await cursorMove(ctx, strategyOf(), read(null, 3)), null);
  }));

Deno.test("cursor: the move names what was stored before, and the ties at the new value", () =>
  withRun({}, async ({ ctx }) => {
    const first = await cursorMove(ctx, strategyOf(), read("7", 2, ["a", "b"]));
    deepEqual([first?.before, first?.after.cursor, first?.after.ties], [null, "7", '["a","b"]']);
    await ctx.state.saveCursor(cursor("7", "orders_20260101T000000.000"));
    const second = await cursorMove(ctx, strategyOf({ after: "7" }), read("9"));
    deepEqual([second?.before?.cursor, second?.after.cursor, second?.after.runId], [
      "7",
      "9",
      RUN_ID,
    ]);
  }));

Deno.test("cursor: a trailing window that ends before the cursor does not move it back", () =>
  withRun({}, async ({ ctx }) => {
    const after = "2026-03-29 12:00:00";
    const window = { after: { value: "2026-03-29 11:00:00" }, until: null };
    const lagging = strategyOf({
      after,
      window: window as unknown as IncrementalStrategy["window"],
    });
    equal(await cursorMove(ctx, lagging, read("2026-03-29 11:30:00")), null);
    const moved = await cursorMove(ctx, lagging, read("2026-03-29 12:30:00"));
    equal(moved?.after.cursor, "2026-03-29 12:30:00");
  }));

Deno.test("cursor: a failed run's is put back, or taken away where there was none", () =>
  withRun({}, async ({ ctx, state }) => {
    const before = cursor("7", "orders_20260101T000000.000");
    const after = cursor("9", RUN_ID);
    for (const earlier of [null, before]) {
      await commitCursor(ctx.state, after);
      equal((await state.cursor("orders"))?.cursor, "9");
      await restoreCursor(ctx.state, { before: earlier, after });
      equal((await state.cursor("orders"))?.cursor, earlier?.cursor);
    }
  }));

Deno.test("cursor: one that another run has moved since stays", () =>
  withRun({}, async ({ ctx, state }) => {
    await commitCursor(ctx.state, cursor("11", "orders_20260401T000000.000"));
    await restoreCursor(ctx.state, { before: null, after: cursor("9", RUN_ID) });
    equal((await state.cursor("orders"))?.cursor, "11");
  }));

Deno.test("cursor: a run that has lost its lease writes none", () =>
  withRun({}, async ({ ctx, state, loseLease }) => {
    await loseLease();
    await rejects(commitCursor(ctx.state, cursor("9", RUN_ID)), { code: "LEASE_LOST" });
    equal(await state.cursor("orders"), null);
  }));
