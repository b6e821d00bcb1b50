import assert from "node:assert/strict";
import { throwIfAborted } from "../../../../core/base/wait.ts";
import { withContext } from "../../../../core/run/export.ts";
import { withRun } from "../../../support/run_context.ts";

Deno.test("what a lost lease stops fails for the lease, and not as interrupted", () =>
  withRun({}, async ({ ctx, loseLease }) => {
    const { deps, exported, runId, lease } = ctx;
    const listener = { started: () => {}, progress: () => {}, finished: () => {} };
    const options = { ...ctx.options, config: ctx.config, listener };
    const run = { runId, lease, begins: false };
    const failed = withContext(deps, options, exported, run, async (inner) => {
      await loseLease();
      await lease.confirm().catch(() => undefined);
      throwIfAborted(inner.signal);
    });
    await assert.rejects(failed, { code: "LEASE_LOST" });
  }));
