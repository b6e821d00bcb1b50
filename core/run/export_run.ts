/** The steps of one export between its context and the end of its run, in the order of contracts section 1. */
import type { Description } from "../ports/source.ts";
import type { ExportPlan, Strategy } from "../plan/strategy.ts";
import { randomSuffix } from "../manifest/names.ts";
import type { Access } from "../ports/destination.ts";
import type { ChunkRun } from "../ports/state.ts";
import type { ChunkShape } from "../query/cuts/cut.ts";
import type { GateResult } from "../encode/quality_verdict.ts";
import { fileColumns } from "../encode/stage_plan.ts";
import type { StageTotals } from "../encode/totals.ts";
import { checkQuality, qualityFailed } from "./check_quality.ts";
import { commitCursor, type CursorMove, cursorMove } from "./commit_cursor.ts";
import { checkColumns } from "./check_columns.ts";
import { bestEffort, type ExportContext } from "./context.ts";
import { ExportSource } from "./export_source.ts";
import { prepareRun, type RunOutcome } from "./finish_run.ts";
import { openQueue, unitCount } from "./open_queue.ts";
import { type PlannedRun, planRun } from "./plan_run.ts";
import { columnsApart } from "../plan/shared_gates.ts";
import { usesSnapshot } from "../extract/snapshot.ts";
import type { RunQueue } from "./queues.ts";
import { reconcileChunks } from "./reconcile_chunks.ts";
import { reconcileCount } from "./reconcile_count.ts";
import { StorageWatch } from "./storage_watch.ts";
import { planUnits } from "./unit_plan.ts";
import { ChunkChecks } from "./chunk_checks.ts";
import { CheckedQueue } from "./checked_queue.ts";
import { type UnitQueue, UnitRunner } from "./units.ts";

/** Of values of a known width; texts are longer. */
const VALUE_BYTES = 8;

/** What a run will decode, at least, as far as anybody knows. */
function expectedBytes({ strategy, estimatedRows, description: { columns } }: ExportPlan): number {
  // The estimate is of the whole table, of which little may be new.
  if (strategy.kind === "incremental") return 0;
  return (estimatedRows ?? 0) * columns.length * VALUE_BYTES;
}

export class ExportRun {
  readonly #ctx: ExportContext;
  readonly #open: ChunkRun | null;
  readonly #source: ExportSource;
  #planned: PlannedRun | null = null;
  #queue: RunQueue | null = null;
  #checks: ChunkChecks | null = null;
  /** Ends what is asked beside the read. */
  readonly #ended = new AbortController();
  #schemaChanged: boolean | null = null;
  #totals: StageTotals | null = null;
  #quality: readonly string[] = [];
  #gates: readonly GateResult[] = [];
  #reconciled: boolean | null = null;
  #cursor: CursorMove | null = null;

  /** @param open the unfinished chunk run that is continued, or null. */
  constructor(ctx: ExportContext, open: ChunkRun | null) {
    this.#ctx = ctx;
    this.#open = open;
    this.#source = new ExportSource(ctx);
  }

  /** @param access of the destination, which was asked before. */
  async execute(access: Pick<Access, "createOnly">): Promise<void> {
    const ctx = this.#ctx;
    try {
      if (usesSnapshot(ctx.exported)) await this.#source.takeSnapshot();
      const planned = this.#planned = await planRun(ctx, this.#source, this.#open);
      const { strategy } = planned.plan;
      // It starts while this thread prepares what is to be read.
      ctx.deps.workers.expect(expectedBytes(planned.plan));
      await this.#locate(planned);
      this.#schemaChanged = await checkColumns(ctx, planned.plan, planned.dialect);
      const storage = new StorageWatch(ctx, this.#source, planned.plan);
      await storage.begin();
      const queue = this.#queue = await openQueue(ctx, planned, this.#open);
      this.#totals = await this.#runUnits(planned, queue, access);
      await storage.end();
      await queue.close();
      await this.#reconcile(planned, queue);
      await this.#passQuality(planned, this.#totals, queue);
      await this.#prepare(strategy, queue);
    } finally {
      this.#ended.abort();
      await this.#checks?.end();
      await this.#source.close();
      await bestEffort("the return of unfinished chunks", async () => {
        await this.#queue?.release();
      });
    }
  }

  /** I3: what the manifest does not list yet, no cursor may hide. */
  async #prepare(strategy: Strategy, queue: RunQueue): Promise<void> {
    const ctx = this.#ctx;
    const move = strategy.kind === "incremental"
      ? await cursorMove(ctx, strategy, queue.read)
      : null;
    await prepareRun(ctx, { ...await this.outcome(), error: null, cursor: move });
    if (move === null) return;
    this.#cursor = move;
    await commitCursor(ctx.state, move.after);
  }

  /** What there is to tell of the run, also when it ended early. */
  async outcome(): Promise<Omit<RunOutcome, "error">> {
    const { rows, parts } = await this.#queue?.outcome() ?? { rows: 0, parts: [] };
    const plan = this.#planned?.plan ?? null;
    return {
      rows,
      parts,
      columns: plan?.description.columns ?? null,
      fileColumns: plan === null ? null : fileColumns(plan.description.columns, plan.stages),
      widths: this.#totals?.widths.means() ?? {},
      quality: this.#quality,
      gates: this.#gates,
      reconciled: this.#reconciled,
      schemaChanged: this.#schemaChanged,
      cursor: this.#cursor,
    };
  }

  /** Where the tables are, for whoever is told of the lineage. */
  async #locate({ plan }: PlannedRun): Promise<void> {
    const { lineage, exported } = this.#ctx;
    if (lineage === null) return;
    await this.#source.retried("plan", (source) => lineage.planned(source, exported.table, plan));
  }

  async #runUnits(
    planned: PlannedRun,
    queue: RunQueue,
    { createOnly }: Pick<Access, "createOnly">,
  ): Promise<StageTotals> {
    const readers = await this.#source.openReaders(unitCount(planned));
    try {
      const suffix = createOnly ? null : randomSuffix();
      const unitPlan = await planUnits(this.#ctx, planned.plan, { suffix, repair: false });
      const checked = await this.#checkBeside(planned, queue);
      const runner = new UnitRunner(this.#ctx, unitPlan, checked, readers);
      await runner.run();
      return runner.totals;
    } finally {
      await Promise.all(readers.map((reader) => reader.close()));
    }
  }

  /** The queue, with its finished chunks reconciled while others are read, where that is asked for. */
  async #checkBeside({ plan }: PlannedRun, queue: RunQueue): Promise<UnitQueue> {
    const { exported, signal } = this.#ctx;
    const { strategy, description } = plan;
    const wanted = exported.reconcile === "checksum" && strategy.kind === "chunked";
    // What adapts to the source's load may not add to it.
    if (!wanted || exported.tuning.adaptive) return queue;
    const ending = AbortSignal.any([signal, this.#ended.signal]);
    const session = await this.#source.reconciling(ending);
    if (session === null) return queue;
    const comparison = { exported, shape: strategy.shape, description, signal: ending };
    this.#checks = new ChunkChecks(session, comparison);
    return new CheckedQueue(queue, strategy.chunks, this.#checks);
  }

  /** `--reconcile`, or `reconcile: count | checksum` on the export. */
  async #reconcile({ plan }: PlannedRun, queue: RunQueue): Promise<void> {
    const { options, exported } = this.#ctx;
    if (!options.reconcile && exported.reconcile === "off") return;
    this.#reconciled = false;
    if (exported.reconcile === "checksum" && plan.strategy.kind === "chunked") {
      await this.#reconcileChunks(plan.description, plan.strategy.shape);
    } else {
      const rows = (await queue.outcome()).rows + queue.read.dropped;
      const cursor = queue.read.lastValue;
      await this.#source.retried(
        "reconcile",
        (s) => reconcileCount(s, exported.name, plan, { rows, cursor }),
      );
    }
    this.#reconciled = true;
  }

  async #reconcileChunks(description: Description, shape: ChunkShape): Promise<void> {
    const { state, exported, runId, signal } = this.#ctx;
    const known = await this.#checks?.answers();
    const tasks = await state.chunkTasks(runId);
    await reconcileChunks(
      (question) => this.#source.retried("reconcile", question),
      { exported, shape, tasks, description, signal, known },
    );
  }

  async #passQuality({ plan }: PlannedRun, totals: StageTotals, queue: RunQueue): Promise<void> {
    const run = { ...await queue.outcome(), apart: columnsApart(plan) };
    const { failures, warnings, gates } = await checkQuality(this.#ctx, totals, run);
    this.#gates = gates;
    this.#quality = [...failures, ...warnings];
    if (failures.length > 0) throw qualityFailed(this.#ctx.exported.name, failures);
  }
}
