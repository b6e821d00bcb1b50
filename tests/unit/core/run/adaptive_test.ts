/** `tuning.adaptive` in whole runs: what the source says, and how it is read then. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { RunDeps } from "../../../../core/run/context.ts";
import { MemoryRun } from "../../../support/memory_run.ts";
import { until } from "../../../support/until.ts";

const CALM = { replicationLagS: null, lockWaits: 0, activeSessions: 0, hidden: null };
const BUSY = { ...CALM, lockWaits: 9 };
/** Longer than any of these runs: only what is seen before the first chunk counts. */
const ONE_LOOK = 3_600_000;

const CHUNKS = {
  table: "orders",
  mode: "chunked",
  chunk_column: "id",
  chunk_size: 20,
  parallel: 4,
};

function adaptive(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...CHUNKS, tuning: { profile: "fast", max_retries: 0, adaptive: true, ...fields } };
}

const looking = (lookMs: number) => (deps: RunDeps): RunDeps => ({ ...deps, lookMs });

async function paces(run: MemoryRun): Promise<Record<string, unknown>[]> {
  const [{ events }] = await run.state.journal({ exportName: "orders", last: 1 });
  return events.filter(({ event }) => event === "pace_changed").map(({ data }) => JSON.parse(data));
}

/** Every batch lets the others have theirs. */
const turns = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
};

Deno.test("adaptive: a busy source is read by fewer readers, in smaller steps, from the first chunk on", () =>
  MemoryRun.with(400, async (run) => {
    run.server.onLoad = () => BUSY;
    run.server.onBatch = turns;
    const { exports: [{ rows, status }] } = await run.run(
      adaptive({ batch_size: 8 }),
      {},
      looking(ONE_LOOK),
    );
    deepEqual([status, rows], ["success", 400]);
    equal(run.server.mostAtOnce, 2);
    ok(run.server.asked.every(({ access, fetchRows }) => access === "cursor" && fetchRows === 4));
    deepEqual(await paces(run), [{
      readers: 2,
      batch_percent: 50,
      because: ["9 sessions wait for locks (limit 2)"],
    }]);
  }));

Deno.test("adaptive: a calm source is read as it is tuned", () =>
  MemoryRun.with(400, async (run) => {
    run.server.onLoad = () => CALM;
    run.server.onBatch = turns;
    await run.run(adaptive(), {}, looking(ONE_LOOK));
    equal(run.server.mostAtOnce, 4);
    ok(run.server.asked.every(({ access }) => access === "statement"));
    deepEqual(await paces(run), []);
  }));

Deno.test("adaptive: min_parallel readers go on however busy it is", () =>
  MemoryRun.with(400, async (run) => {
    run.server.onLoad = () => BUSY;
    run.server.onBatch = turns;
    await run.run(adaptive({ min_parallel: 3 }), {}, looking(ONE_LOOK));
    equal(run.server.mostAtOnce, 3);
  }));

Deno.test("adaptive: without it nobody asks, and a look that fails changes nothing", () =>
  MemoryRun.with(100, async (run) => {
    const plain = await run.run({ ...CHUNKS });
    equal(plain.exports[0].status, "success");
    let looks = 0;
    run.server.onLoad = () => {
      looks++;
      throw new Error("no");
    };
    run.server.onBatch = turns;
    const { exports: [{ status, rows }] } = await run.run(adaptive(), {}, looking(1));
    deepEqual([status, rows], ["success", 100]);
    ok(looks > 1, `${looks} looks`);
    deepEqual(await paces(run), []);
    const told = run.warnings.filter((text) => /tuning\.adaptive/.test(text));
    equal(told.length, 1);
    match(told[0], /'orders'.*how busy the source is, is not known: .*no/);
  }));

Deno.test("adaptive: what is hidden from the user is said once", () =>
  MemoryRun.with(100, async (run) => {
    run.server.onLoad = () => ({ ...CALM, hidden: "all is hidden: GRANT it" });
    run.server.onBatch = turns;
    await run.run(adaptive(), {}, looking(1));
    const told = run.warnings.filter((text) => /tuning\.adaptive/.test(text));
    equal(told.length, 1);
    match(told[0], /'orders'.*all is hidden: GRANT it/);
  }));

Deno.test("adaptive: one reader of the whole table fetches less while the source is busy, then more", () =>
  MemoryRun.with(100, async (run) => {
    let looks = 0;
    run.server.onLoad = () => ++looks <= 1 ? BUSY : CALM;
    run.server.onBatch = async () => {
      await until("nine looks", () => looks >= 9, 1);
    };
    await run.run(
      { ...adaptive({ batch_size: 10 }), parallel: 1 },
      {},
      looking(1),
    );
    deepEqual(run.server.asked[0].fetchRows, 5);
    deepEqual(run.server.asked.at(-1)?.fetchRows, 10);
    const [first, last] = await paces(run);
    deepEqual([first.batch_percent, last.batch_percent, last.because], [50, 100, []]);
  }));
