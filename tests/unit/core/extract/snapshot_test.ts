import assert from "node:assert/strict";
import type { Consistency, LoadedExport } from "../../../../core/config/loaded.ts";
import type { Source } from "../../../../core/ports/source.ts";
import { exportHold, runHold, SnapshotHold } from "../../../../core/extract/snapshot.ts";

/** As much of a source as a keeper is. */
class Keeper {
  static opened = 0;
  readonly capabilities = {
    copy: true,
    serverCursor: true,
    sharedSnapshot: true,
    windowFunctions: true,
    blockRanges: true,
    partitions: true,
  };
  readonly info = { engine: "Keeper", version: "1", warnings: [] };
  closed = 0;
  dead = false;
  #asked = false;

  shareSnapshot() {
    Keeper.opened++;
    return Promise.resolve({ id: `s${Keeper.opened}`, point: `point ${Keeper.opened}` });
  }

  /** As a connection: one question at a time. */
  async rows() {
    if (this.dead || this.#asked) throw new Error(this.dead ? "gone" : "busy");
    this.#asked = true;
    await Promise.resolve();
    this.#asked = false;
    return [["1"]];
  }

  close() {
    this.closed++;
    return Promise.resolve();
  }
}

function keeper(): { readonly double: Keeper; readonly connect: () => Promise<Source> } {
  const double = new Keeper();
  return { double, connect: () => Promise.resolve(double as unknown as Source) };
}

function exported(
  kind: Consistency["kind"] = "statement",
  maxSeconds: number | null = null,
  fields: Partial<LoadedExport> = {},
): LoadedExport {
  return {
    consistency: { kind, maxSeconds },
    mode: { kind: "full", parallel: 1 },
    table: "t",
    ...fields,
  } as Partial<LoadedExport> as LoadedExport;
}

Deno.test("a hold has one snapshot for all who take it, until it is released", async () => {
  const { double, connect } = keeper();
  const hold = new SnapshotHold(null);
  const point = () => hold.shared?.point;
  assert.equal(point(), undefined);
  const [a, b] = await Promise.all([hold.take(connect), hold.take(connect)]);
  assert.equal(a.id, b.id);
  assert.equal(point(), a.point);
  await hold.release();
  await hold.release();
  assert.ok(double.closed > 0);
  assert.deepEqual([hold.failure, hold.signal.aborted], [null, false]);
  // The manifest names it afterwards.
  assert.equal(point(), a.point);
});

Deno.test("a keeper that is asked by several at once is not taken for lost", async () => {
  const { connect } = keeper();
  const hold = new SnapshotHold(null);
  await hold.take(connect);
  await Promise.all([hold.check(), hold.check(), hold.check()]);
  assert.equal(hold.failure, null);
  await hold.check();
  await hold.release();
});

Deno.test("a hold that was never taken is released without a connection", async () => {
  await new SnapshotHold(1).release();
});

Deno.test("a keeper that cannot connect does not end the hold: the next one tries again", async () => {
  const hold = new SnapshotHold(null);
  await assert.rejects(hold.take(() => Promise.reject(new Error("refused"))), /refused/);
  const { connect } = keeper();
  await hold.take(connect);
  await hold.release();
});

Deno.test("max_snapshot_s: readers are stopped, the keeper is closed, whoever comes next fails", async () => {
  const { double, connect } = keeper();
  const hold = new SnapshotHold(0.03);
  await hold.take(connect);
  await new Promise((resolve) => hold.signal.addEventListener("abort", resolve));
  await assert.rejects(hold.take(connect), {
    code: "SNAPSHOT_ENDED",
    category: "permanent",
    message: /0\.03 s.*max_snapshot_s/,
  });
  await hold.release();
  assert.ok(double.closed > 0);
});

Deno.test("a dead keeper is found out when asked", async () => {
  const { double, connect } = keeper();
  const hold = new SnapshotHold(null);
  await hold.take(connect);
  await hold.check();
  assert.equal(hold.failure, null);
  double.dead = true;
  await hold.check();
  assert.equal((hold.failure as Error | null)?.message.includes("was lost: gone"), true);
  assert.ok(hold.signal.aborted);
  await hold.release();
});

Deno.test("a source without shared snapshots is refused while planning", async () => {
  const { double, connect } = keeper();
  Object.assign(double.capabilities, {
    sharedSnapshot: { why: "its snapshots belong to one connection" },
  });
  await assert.rejects(new SnapshotHold(null).take(connect), {
    code: "CONFIG_INVALID",
    message: /not available for Keeper, which cannot .*: its snapshots belong to one connection$/,
  });
  assert.equal(double.closed, 1);
});

Deno.test("consistency decides whose snapshot an export reads", () => {
  const ofRun = runHold([]);
  assert.equal(exportHold(exported(), ofRun), null);
  assert.equal(exportHold(exported("statement"), ofRun), null);
  assert.equal(exportHold(exported("run_snapshot"), ofRun), ofRun);
  const own = exportHold(exported("snapshot"), ofRun);
  assert.ok(own !== null && own !== ofRun);
});

Deno.test("several readers of a table have a hold of their own, which is not taken unless it is needed", () => {
  const of = (fields: Partial<LoadedExport>, consistency?: "statement") =>
    exportHold(
      exported("statement", null, {
        mode: { kind: "full", parallel: 2 },
        config: { consistency } as LoadedExport["config"],
        ...fields,
      }),
      runHold([]),
    );
  assert.equal(of({})?.shared, null);
  assert.equal(of({}, "statement"), null);
  assert.equal(of({ table: null }), null);
  assert.equal(of({ mode: { kind: "full", parallel: 1 } }), null);
});

Deno.test("the snapshot of a plan is joined, whatever this process would take, and never held", async () => {
  const planned = { id: "s", point: "then" };
  for (const kind of ["snapshot", "run_snapshot"] as const) {
    const joined = exportHold(exported(kind, 60), runHold([]), planned);
    assert.equal(await joined?.take(() => assert.fail("no keeper is needed")), planned);
    assert.equal(joined?.event, "snapshot_joined");
    await joined?.release();
    assert.deepEqual([joined?.shared, joined?.failure], [planned, null]);
  }
});

Deno.test("the shortest max_snapshot_s of the exports that share counts", async () => {
  const { connect } = keeper();
  const hold = runHold([
    exported("run_snapshot", 60),
    exported("run_snapshot", 0.02),
    exported("snapshot", 0.001),
    exported("run_snapshot"),
  ]);
  await hold.take(connect);
  await new Promise((resolve) => hold.signal.addEventListener("abort", resolve));
  assert.match(hold.failure?.message ?? "", /0\.02 s/);
  await hold.release();
});
