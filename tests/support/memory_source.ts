/**
 * A source in memory: one table `orders` with an integer key and a text, as an engine without a server
 * would give it. It understands the few statements that a run makes of it.
 */
import { dialect } from "../../adapters/sources/postgres/dialect.ts";
import { SourceError } from "../../core/base/errors.ts";
import { throwIfAborted } from "../../core/base/wait.ts";
import type {
  ConnectOptions,
  ReadRequest,
  Source,
  SourceFactory,
  TableKey,
} from "../../core/ports/source.ts";
import type { SourceLoad } from "../../core/ports/source_load.ts";
import type { Column } from "../../core/types/types.ts";
import { batchOf, column } from "./batches.ts";

const COLUMNS: readonly Column[] = [
  { ...column("id", { kind: "int", bits: 32, signed: true }, false), nativeType: "integer" },
  column("note", { kind: "text" }),
];

/** Shared by all connections to it. */
export class MemoryServer {
  /** The keys that are there; a row's text follows from its key. */
  ids: number[];
  /** Whether it takes connections. */
  up = true;
  connects = 0;
  /** Connections that are open, and the most there were. */
  open = 0;
  /** Connections that it would still give; null: no limit. */
  room: number | null = null;
  askedForRoom = 0;
  mostOpen = 0;
  /** Statements that were read, as they came. */
  readonly reads: string[] = [];
  /** How the statements were asked for, as they came. */
  readonly asked: Pick<ReadRequest, "access" | "fetchRows">[] = [];
  /** Statements that are read at the same time, at most so far. */
  mostAtOnce = 0;
  reading = 0;
  /** What it says when it is asked how busy it is; may throw. */
  onLoad: () => SourceLoad = () => {
    throw new Error("nobody is to ask how busy it is");
  };
  /** Called before each batch; may throw. */
  onBatch: (sql: string) => void | Promise<void> = () => {};
  /** Called before each question; may throw. */
  onRows: (sql: string) => void = () => {};

  constructor(rows: number) {
    this.ids = Array.from({ length: rows }, (_, i) => i + 1);
  }

  get factory(): SourceFactory {
    return {
      type: "postgres",
      title: "Memory",
      dialect,
      connect: (options) => Promise.try(() => this.#connect(options)),
    };
  }

  #connect(_options: ConnectOptions): Source {
    this.connects++;
    if (!this.up) {
      throw new SourceError("SOURCE_UNREACHABLE", "connection refused", { category: "network" });
    }
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    return new MemoryConnection(this) as Pick<Source, keyof MemoryConnection> as Source;
  }
}

/** The rows that a statement is about, by its WHERE. */
function matching(ids: readonly number[], sql: string): number[] {
  const between = /"id" BETWEEN (\d+) AND (\d+)/.exec(sql);
  const after = /"id" > E?'?(\d+)/.exec(sql);
  return ids.filter((id) =>
    (between === null || id >= Number(between[1]) && id <= Number(between[2])) &&
    (after === null || id > Number(after[1]))
  ).sort((a, b) => a - b);
}

class MemoryConnection {
  readonly dialect = dialect;
  readonly capabilities = {
    copy: false,
    serverCursor: true,
    sharedSnapshot: { why: "nobody writes" },
    windowFunctions: true,
    blockRanges: false,
    partitions: false,
  };
  readonly info = { engine: "Memory", version: "1", warnings: [] };
  readonly #server: MemoryServer;
  #open = true;

  constructor(server: MemoryServer) {
    this.#server = server;
  }

  describe() {
    return Promise.resolve({
      columns: COLUMNS,
      selectList: COLUMNS.map(({ name }) => `_rivet.${dialect.quote(name)}`),
    });
  }

  async *read(request: ReadRequest) {
    const { sql, signal = new AbortController().signal } = request;
    this.#server.reads.push(sql);
    this.#server.asked.push({ access: request.access, fetchRows: request.fetchRows });
    const ids = matching(this.#server.ids, sql);
    this.#server.mostAtOnce = Math.max(this.#server.mostAtOnce, ++this.#server.reading);
    try {
      for (let at = 0; at < ids.length; at += 10) {
        throwIfAborted(signal);
        await this.#server.onBatch(sql);
        yield batchOf(COLUMNS, ids.slice(at, at + 10).map((id) => [id, `note ${id}`]));
      }
      if (ids.length === 0) await this.#server.onBatch(sql);
    } finally {
      this.#server.reading--;
    }
  }

  rows(sql: string): Promise<(string | null)[][]> {
    return Promise.try(() => {
      this.#server.onRows(sql);
      return this.#answer(sql);
    });
  }

  #answer(sql: string): Promise<(string | null)[][]> {
    const ids = matching(this.#server.ids, sql);
    const text = (value: number | undefined) => value === undefined ? null : String(value);
    if (/\b1 = 0\b/.test(sql)) return Promise.resolve([]);
    if (/\bMIN\(/.test(sql)) return Promise.resolve([[text(ids[0]), text(ids.at(-1))]]);
    if (/\bCOUNT\(/.test(sql)) return Promise.resolve([[String(ids.length)]]);
    return Promise.reject(new SourceError("SOURCE_QUERY", `not understood: ${sql}`));
  }

  freeConnections(): Promise<number | null> {
    this.#server.askedForRoom++;
    return Promise.resolve(this.#server.room);
  }

  load(): Promise<SourceLoad> {
    return Promise.try(() => this.#server.onLoad());
  }

  keys(): Promise<TableKey[]> {
    return Promise.resolve([{ column: "id", integer: true, primary: true, unique: true }]);
  }

  quantiles(): Promise<string[]> {
    return Promise.resolve([]);
  }

  estimateRows(): Promise<number> {
    return Promise.resolve(this.#server.ids.length);
  }

  beginSnapshot(): Promise<void> {
    return Promise.resolve();
  }

  endSnapshot(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    if (this.#open) this.#server.open--;
    this.#open = false;
    return Promise.resolve();
  }
}
