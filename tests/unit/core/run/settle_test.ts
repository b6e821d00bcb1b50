/** What an earlier run left unfinished, before the next one reads: completed, or taken back. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { DestinationError } from "../../../../core/base/errors.ts";
import type { ManifestStatus } from "../../../../core/manifest/manifest.ts";
import { commitCursor } from "../../../../core/run/commit_cursor.ts";
import { type FinishedRun, manifestOf } from "../../../../core/run/publish_run.ts";
import { publishPrepared, publishSuccess } from "../../../../core/manifest/publish.ts";
import type { CursorState } from "../../../../core/ports/state.ts";
import { settleEarlierRuns } from "../../../../core/run/settle.ts";
import { RUN_ID, type TestRun, withRun } from "../../../support/run_context.ts";
import { keys, LATER, put, text } from "../manifest/support.ts";

const INCREMENTAL = { mode: "incremental", cursor_column: "id" };
const AFTER: CursorState = {
  ...{ exportName: "orders", cursor: "9", updatedAt: "2026-03-29T12:51:12.536Z", runId: RUN_ID },
};

/** The run of `RUN_ID` left part `a` and its manifest; the context is of a later one. */
async function leave(
  { ctx, destination }: TestRun,
  status: ManifestStatus,
  cursor: FinishedRun["cursor"] = { before: null, after: AFTER },
): Promise<void> {
  const parts = [await put(destination, "a", "abc")];
  const earlier = { ...ctx, runId: RUN_ID, order: { sequence: 1, previousRunId: null } };
  const run: FinishedRun = { status: "success", columns: [], parts, cursor };
  const manifest = await manifestOf(earlier, run, status);
  if (status === "success") await publishSuccess(destination, manifest);
  else await publishPrepared(destination, manifest);
}

const withLater = (body: (run: TestRun) => Promise<void>) => withRun(INCREMENTAL, body, LATER);

const statusAt = async ({ destination }: TestRun) =>
  JSON.parse(await text(destination, `manifest-${RUN_ID}.json`) ?? "").status;

const settled = ({ ctx }: TestRun) =>
  ctx.journal.events.filter(({ event }) => event === "settled").map(({ data }) =>
    JSON.parse(data).done
  );

Deno.test("settle: a run that died before its cursor is completed, cursor and all", () =>
  withLater(async (run) => {
    await leave(run, "prepared");
    await settleEarlierRuns(run.ctx);
    equal((await run.state.cursor("orders"))?.cursor, "9");
    equal(await statusAt(run), "success");
    deepEqual(await keys(run.destination), [
      "_SUCCESS",
      "a",
      `manifest-${RUN_ID}.json`,
      "manifest.json",
    ]);
    deepEqual(settled(run), ["completed"]);
  }));

Deno.test("settle: a run that died after its cursor is completed, and the cursor stays", () =>
  withLater(async (run) => {
    await commitCursor(run.ctx.state, AFTER);
    await leave(run, "prepared");
    await settleEarlierRuns(run.ctx);
    deepEqual(await run.state.cursor("orders"), AFTER);
    equal(await statusAt(run), "success");
  }));

Deno.test("settle: a run whose part is gone is taken back, and its rows are read again", () =>
  withLater(async (run) => {
    await leave(run, "prepared");
    run.destination.remove("a");
    await settleEarlierRuns(run.ctx);
    equal(await run.state.cursor("orders"), null);
    equal(await statusAt(run), "failed");
    deepEqual(settled(run), ["taken_back"]);
  }));

Deno.test("settle: a cursor that is elsewhere by now takes the run back", () =>
  withLater(async (run) => {
    await leave(run, "prepared");
    const elsewhere = { ...AFTER, cursor: "5", runId: "orders_20260101T000000.000" };
    await commitCursor(run.ctx.state, elsewhere);
    await settleEarlierRuns(run.ctx);
    equal((await run.state.cursor("orders"))?.cursor, "5");
    equal(await statusAt(run), "failed");
    match(run.warnings.join("\n"), /the cursor is '5', and was 'none' when it read/);
  }));

Deno.test("settle: what was published is left alone; a _SUCCESS that is missing is written", () =>
  withLater(async (run) => {
    await leave(run, "success", null);
    await settleEarlierRuns(run.ctx);
    deepEqual(settled(run), []);
    run.destination.remove("_SUCCESS");
    await settleEarlierRuns(run.ctx);
    deepEqual(settled(run), ["completed"]);
    match(await text(run.destination, "_SUCCESS") ?? "", /^xxh3:/);
  }));

Deno.test("settle: a destination that cannot be asked stops the run; one that may not be, warns", () =>
  withLater(async (run) => {
    await leave(run, "prepared");
    const refuse = (code: "DESTINATION_FAILED" | "DESTINATION_AUTH") => {
      run.destination.read = () => Promise.reject(new DestinationError(code, "no answer"));
    };
    refuse("DESTINATION_FAILED");
    await rejects(settleEarlierRuns(run.ctx), { code: "DESTINATION_FAILED" });
    refuse("DESTINATION_AUTH");
    await settleEarlierRuns(run.ctx);
    match(run.warnings.join("\n"), /is not looked for: no answer/);
    equal(await run.state.cursor("orders"), null);
  }));

Deno.test("settle: wherever the publication of partitions ended, it is completed", async () => {
  const writes = 3 + 2 * 3;
  for (let killed = 1; killed < writes; killed++) {
    await withLater(async (run) => {
      const { ctx, destination } = run;
      const parts = [
        await put(destination, "d=1/a", "abc"),
        await put(destination, "d=2/b", "def"),
      ];
      const earlier = { ...ctx, runId: RUN_ID, order: { sequence: 1, previousRunId: null } };
      const finished: FinishedRun = { status: "success", columns: [], parts, cursor: null };
      await publishPrepared(destination, await manifestOf(earlier, finished, "prepared"));
      const { replace } = destination;
      let left = killed;
      destination.replace = (body, key) =>
        left-- > 0
          ? replace.call(destination, body, key)
          : Promise.reject(new DestinationError("DESTINATION_FAILED", "killed"));
      const manifest = await manifestOf(earlier, finished, "success");
      await rejects(publishSuccess(destination, manifest), { code: "DESTINATION_FAILED" });
      destination.replace = replace;
      equal(await text(destination, "_SUCCESS"), null);
      await settleEarlierRuns(ctx);
      const all = await keys(destination);
      for (const folder of ["", "d=1/", "d=2/"]) {
        for (const name of ["_SUCCESS", "manifest.json", `manifest-${RUN_ID}.json`]) {
          equal(all.includes(folder + name), true, `${killed}: ${folder}${name}`);
        }
      }
    });
  }
});
