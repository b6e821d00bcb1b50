/**
 * `chunk_by: ctid`: ranges `[start, end)` of a table's blocks, for tables without a key. Where a row lies
 * changes when it is updated: only one snapshot has each row once.
 */
import { blockBoundaries, blockRows, piecesOf, requireBlocks } from "../blocks.ts";
import type { Cut, CutRequest } from "./cut.ts";
import { INTEGER, sizeOrCount } from "./integer_windows.ts";
import { openIntegerProblem, openRanges } from "./open_ranges.ts";
import { MAX_CHUNKS, tooManyChunks } from "./windows.ts";

const isBound = (bound: string | null) => bound === null || INTEGER.test(bound);

async function boundaries({ source, exported, mode, base }: CutRequest): Promise<string[]> {
  const { blocks } = await requireBlocks(source, exported.name, exported.table ?? "");
  const { count, size } = mode;
  const pieces = Math.min(blocks, count ?? await piecesOf(source, base, size));
  if (pieces > MAX_CHUNKS) {
    throw tooManyChunks(count === null ? `chunk_size ${size}` : `chunk_count ${count}`);
  }
  return blockBoundaries(blocks, pieces);
}

export const ctid: Cut = {
  kind: "ctid",
  wanted: ({ by }) => by === "ctid",
  columnSetting: null,
  storage: {
    name: "ctid",
    type: { kind: "text" },
    nativeType: "tid",
    nullable: false,
    fidelity: "exact",
  },
  columnKinds: null,
  anyKey: false,
  nullChunk: false,
  open: true,
  integers: true,
  paged: false,
  measure: sizeOrCount,
  async required({ source, exported }) {
    await requireBlocks(source, exported.name, exported.table ?? "");
  },
  lookUps: true,
  bounds: async (request) => openRanges(await boundaries(request)),
  async storedAs({ source, exported }) {
    return (await requireBlocks(source, exported.name, exported.table ?? "")).files;
  },
  rows: (dialect, { base }, { start, end }) => blockRows(dialect, base, start, end),
  where: () => undefined,
  order: () => null,
  accepts: ({ start, end }) => isBound(start) && isBound(end),
  problem: openIntegerProblem,
};
