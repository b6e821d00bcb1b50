/**
 * `chunk_by: partitions`: each partition of a table is a chunk, `[name, identity]`. One that has been taken
 * away, or holds other rows under its name, is found out; so is one that has come.
 */
import { ConfigError, RivetError } from "../../base/errors.ts";
import type { TablePartition } from "../../ports/source.ts";
import type { ChunkBounds, Cut, CutRequest } from "./cut.ts";
import { MAX_CHUNKS, tooManyChunks } from "./windows.ts";

async function partitionsOf(
  { source, exported }: CutRequest,
): Promise<readonly TablePartition[]> {
  const table = exported.table ?? "";
  const found = await source.partitions?.(table) ??
    { partitions: [], obstacle: `${source.info.engine} reads no partition by itself` };
  if (found.obstacle === null) return found.partitions;
  throw new ConfigError(
    `export '${exported.name}': chunk_by: partitions cannot cut '${table}': ${found.obstacle}`,
    [],
    { hint: "Cut by a column (chunk_column, chunk_by_key, chunk_by_days), or use mode: full." },
  );
}

const keyOf = ({ start, end }: ChunkBounds) => `${start}\0${end}`;

const boundsOf = ({ name, identity }: TablePartition): ChunkBounds => ({
  start: name,
  end: identity,
});

export const partitions: Cut = {
  kind: "partitions",
  wanted: ({ by }) => by === "partitions",
  columnSetting: null,
  storage: {
    name: "partition",
    type: { kind: "text" },
    nativeType: "name",
    nullable: false,
    fidelity: "exact",
  },
  steps: true,
  columnKinds: null,
  anyKey: false,
  nullChunk: false,
  open: false,
  integers: false,
  paged: false,
  measure: () => "each",
  async required(request) {
    await partitionsOf(request);
  },
  lookUps: true,
  async bounds(request) {
    const found = await partitionsOf(request);
    if (found.length > MAX_CHUNKS) {
      throw tooManyChunks("chunk_by: partitions", undefined, "Cut by a column instead.");
    }
    return found.map(boundsOf);
  },
  async change(request, planned) {
    const now = (await partitionsOf(request)).map(boundsOf);
    const missing = (of: readonly ChunkBounds[], others: readonly ChunkBounds[]) => {
      const known = new Set(others.map(keyOf));
      return of.filter((bounds) => !known.has(keyOf(bounds))).map(({ start }) => start ?? "");
    };
    const change = { gone: missing(planned, now), added: missing(now, planned) };
    return change.gone.length + change.added.length === 0 ? null : change;
  },
  rows(dialect, { base, table }, { start }) {
    if (table === undefined || start === null || dialect.partition === undefined) {
      throw new RivetError("INTERNAL", "a partition of no table");
    }
    const named = dialect.table(table);
    return base.slice(0, base.length - named.length) + dialect.partition(named, start);
  },
  where: () => undefined,
  order: () => null,
  accepts: ({ start, end }) => start !== null && end !== null,
  problem: ({ start, end }) => start === null || end === null ? "it names no partition" : null,
};
