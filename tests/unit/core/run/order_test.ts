/** A run's place in the order of runs, after what the state and the destination know. */
import { deepEqual, equal } from "node:assert/strict";
import { MemoryDestination } from "../../../support/memory_destination.ts";
import { publishSuccess } from "../../../../core/manifest/publish.ts";
import type { AnyDestination } from "../../../../core/ports/destination.ts";
import type { LeasedState, RunOrder } from "../../../../core/ports/state.ts";
import { beginRun } from "../../../../core/run/order.ts";
import { leasedState } from "../../../support/lease.ts";
import { manifestOf, RUN, withMemory } from "../manifest/support.ts";

const NOW = "orders_20260401T000000.000";

/** A state whose last run has this place, as `state/tables/runs.ts` gives the next one. */
function stateAfter(last: number, previousRunId: string | null) {
  const begun: (RunOrder | undefined)[] = [];
  let sequence = last;
  const state = leasedState({
    beginRun: (_, after) => {
      begun.push(after);
      sequence = Math.max(sequence, after?.sequence ?? 0) + 1;
      return Promise.resolve({
        sequence,
        previousRunId: previousRunId ?? after?.previousRunId ?? null,
      });
    },
  });
  return { state, begun };
}

function begin(
  state: LeasedState,
  destination: AnyDestination,
  exportName: string,
  runId: string,
  inTable: number | null = null,
): Promise<RunOrder> {
  const { signal } = new AbortController();
  const lastInTable = () => Promise.resolve(inTable);
  return beginRun(state, destination, { exportName, runId, signal, lastInTable });
}

async function withLast(
  sequence: number,
  body: (destination: MemoryDestination) => Promise<void>,
): Promise<void> {
  await withMemory(async (destination) => {
    const order = { sequence, previousRunId: null };
    await publishSuccess(destination, await manifestOf(destination, [], { order }));
    await body(destination);
  });
}

Deno.test("a state that knows the run before goes on by itself", () =>
  withLast(40, async (destination) => {
    const { state, begun } = stateAfter(41, RUN);
    const order = await begin(state, destination, "orders", NOW);
    deepEqual(order, { sequence: 42, previousRunId: RUN });
    equal(begun.length, 1);
  }));

Deno.test("a run comes after the last one in its export's table, whatever state and manifests know", () =>
  withLast(40, async (destination) => {
    const { state, begun } = stateAfter(41, RUN);
    equal((await begin(state, destination, "orders", NOW, 41)).sequence, 42);
    equal(begun.length, 1);
    equal((await begin(state, destination, "orders", NOW, 57)).sequence, 58);
    equal((await begin(state, destination, "orders", NOW, 59)).sequence, 60);
  }));

Deno.test("a state that was lost goes on behind what the destination holds", () =>
  withLast(40, async (destination) => {
    const order = await begin(stateAfter(0, null).state, destination, "orders", NOW);
    deepEqual(order, { sequence: 41, previousRunId: RUN });
    // Another export's manifests are no measure.
    const other = await begin(stateAfter(0, null).state, destination, "items", NOW);
    deepEqual(other, { sequence: 1, previousRunId: null });
  }));

Deno.test("a state that was restored from a backup goes on behind the last manifest", () =>
  withLast(40, async (destination) => {
    const { state } = stateAfter(12, "orders_20260301T000000.000");
    deepEqual(await begin(state, destination, "orders", NOW), {
      sequence: 41,
      previousRunId: "orders_20260301T000000.000",
    });
  }));

Deno.test("a run that is resumed does not follow itself", () =>
  withLast(40, async (destination) => {
    const order = await begin(stateAfter(0, null).state, destination, "orders", RUN);
    deepEqual(order, { sequence: 1, previousRunId: null });
  }));

Deno.test("a destination that cannot be read does not keep a run from beginning", async () => {
  class Unlisted extends MemoryDestination {
    override list(): never {
      throw new Error("no right to list");
    }
  }
  const destination = new Unlisted();
  const order = await begin(stateAfter(0, null).state, destination, "orders", NOW);
  deepEqual(order, { sequence: 1, previousRunId: null });
  await destination.close();
});
