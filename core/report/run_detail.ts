/** One run from inside: its chunks by lane, what they waited for, and the parts that they left. */
import type { PartRecord } from "../manifest/parts.ts";
import type { FileRecord, JournalEvent, RunMetric, StateReader } from "../ports/state.ts";

/** The phases of a chunk, in their order. */
export const PHASES = ["retry", "queue", "read", "rest", "encode", "put", "state"] as const;

export type Phase = typeof PHASES[number];

/** One chunk, or the one read of an export without chunks. */
export interface TimedChunk {
  /** Processes that shared the run out count from 0. */
  readonly process: number;
  readonly lane: number;
  readonly reader: number;
  readonly chunk: number | null;
  readonly beganAt: string;
  readonly rows: number;
  readonly bytes: number;
  readonly phasesMs: Readonly<Record<Phase, number>>;
  readonly longestStatementMs: number;
}

/** A part, and what became of it. */
export interface PartOutcome {
  readonly path: string;
  readonly chunk: number | null;
  readonly rows: number;
  readonly bytes: number;
  readonly status: "committed" | "superseded" | "quarantined";
  /** Paths of the same chunk's data that a part which is no data made way for. */
  readonly supersededBy: readonly string[];
}

/** One run, as far as the limits go. */
export interface RunDetail {
  readonly runId: string;
  readonly exportName: string;
  /** null: its metric is not there. */
  readonly metric: RunMetric | null;
  /** In the order in which they began. */
  readonly chunks: readonly TimedChunk[];
  readonly moreChunks: boolean;
  readonly parts: readonly PartOutcome[];
  readonly moreParts: boolean;
}

/** How much of a run is told. */
export interface DetailLimits {
  readonly chunks: number;
  readonly parts: number;
}

/** null: the state knows of no such run. @param runId with or without its milliseconds */
export async function runDetail(
  state: StateReader,
  runId: string,
  limits: DetailLimits,
): Promise<RunDetail | null> {
  const [metric] = await state.metrics({ runId, last: 1 });
  const [ended] = await state.events({ runId, names: ["finished"], last: 1 });
  const known = metric ?? ended;
  if (known === undefined) return null;
  const events = await state.events({
    ...{ runId: known.runId, names: ["timed"], last: limits.chunks + 1 },
  });
  const parts = await partsOf(state, known.runId, limits.parts);
  return {
    runId: known.runId,
    exportName: known.exportName,
    metric: metric ?? null,
    chunks: timedChunks(events.slice(0, limits.chunks).reverse()),
    moreChunks: events.length > limits.chunks,
    parts: parts.slice(0, limits.parts),
    moreParts: parts.length > limits.parts,
  };
}

type Data = Readonly<Record<string, unknown>>;

function timedChunks(events: readonly JournalEvent[]): TimedChunk[] {
  let process = 0;
  let before = 0;
  const chunks = events.map((event): TimedChunk => {
    // Every process writes its events at once and counts them from 1.
    if (event.seq <= before) process++;
    before = event.seq;
    const data: Data = JSON.parse(event.data);
    const phases = PHASES.map((phase) => [phase, Number(data[`${phase}_ms`] ?? 0)]);
    return {
      process,
      lane: Number(data.lane),
      reader: Number(data.reader),
      chunk: typeof data.chunk === "number" ? data.chunk : null,
      beganAt: String(data.began_at),
      rows: Number(data.rows),
      bytes: Number(data.bytes),
      phasesMs: Object.fromEntries(phases) as Record<Phase, number>,
      longestStatementMs: Number(data.longest_statement_ms),
    };
  });
  return chunks.sort((a, b) => a.beganAt < b.beganAt ? -1 : a.beganAt > b.beganAt ? 1 : 0);
}

/** Of a checkpointed run what its chunks came to, else what the destination accepted. */
async function partsOf(
  state: StateReader,
  runId: string,
  limit: number,
): Promise<PartOutcome[]> {
  const chunks = await state.chunkParts(runId, limit + 1);
  if (chunks.length > 0) {
    return chunks.flatMap(({ chunkIndex, parts }) =>
      outcomes(chunkIndex, JSON.parse(parts) as PartRecord[])
    );
  }
  const files = await state.files({ runId, last: limit + 1 });
  return files.reverse().map(accepted);
}

function outcomes(chunk: number, parts: readonly PartRecord[]): PartOutcome[] {
  const data = parts.filter(({ status }) => status === undefined).map(({ path }) => path);
  return parts.map(({ path, rows, sizeBytes, status }) => ({
    ...{ path, chunk, rows, bytes: sizeBytes, status: status ?? "committed" },
    supersededBy: status === undefined ? [] : data,
  }));
}

function accepted({ fileName, chunkIndex, rows, sizeBytes }: FileRecord): PartOutcome {
  return {
    ...{ path: fileName, chunk: chunkIndex, rows, bytes: sizeBytes },
    ...{ status: "committed", supersededBy: [] },
  };
}
