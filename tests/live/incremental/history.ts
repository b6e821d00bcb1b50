/** Random histories of concurrent writers, and a model that plays one while exports run beside it. */
import fc from "fast-check";
import type postgres from "postgres";
import type { Pipeline, TestSource } from "../../support/pipeline.ts";

export const WRITERS = 3;

/** One step. Rows of one insert share `now()`; with `clock` they are stamped one by one. */
export type Step =
  | { readonly do: "begin" | "commit" | "rollback" | "prefetch"; readonly writer: number }
  | {
    readonly do: "insert";
    readonly writer: number;
    readonly rows: number;
    readonly stamp: "now()" | "clock_timestamp()";
  }
  | { readonly do: "run" | "await" }
  | { readonly do: "sleep"; readonly ms: number };

const writer = fc.nat(WRITERS - 1);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("begin" as const), writer }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("commit" as const), writer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rollback" as const), writer }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("prefetch" as const), writer }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("insert" as const),
      writer,
      rows: fc.integer({ min: 1, max: 4 }),
      stamp: fc.constantFrom("now()" as const, "clock_timestamp()" as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("run" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("await" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("sleep" as const), ms: fc.constantFrom(5, 60, 400) }),
  },
);

export const history: fc.Arbitrary<readonly Step[]> = fc.array(step, {
  minLength: 12,
  maxLength: 36,
});

/** `id` is handed out by a sequence; the others are ties, without a time zone, or NULL now and then. */
export const TABLE = `
  CREATE TABLE events (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL,
    second timestamptz NOT NULL,
    local timestamp NOT NULL,
    day date NOT NULL,
    note text NOT NULL,
    maybe timestamptz
  )`;

class Writer {
  readonly #sql: postgres.Sql;
  #open = false;
  /** Ids that the open transaction took from the sequence and has not used. */
  #ids: string[] = [];

  constructor(sql: postgres.Sql) {
    this.#sql = sql;
  }

  async begin(): Promise<void> {
    if (this.#open) return;
    await this.#sql.unsafe("BEGIN");
    this.#open = true;
  }

  async end(how: "COMMIT" | "ROLLBACK"): Promise<void> {
    if (!this.#open) return;
    await this.#sql.unsafe(how);
    this.#open = false;
    this.#ids = [];
  }

  /** Takes an id without writing: the transaction has no transaction id yet. */
  async prefetch(): Promise<void> {
    if (!this.#open) return;
    const [row] = await this.#sql.unsafe("SELECT nextval('events_id_seq')::text AS id");
    this.#ids.push(row.id);
  }

  async insert(rows: number, stamp: string): Promise<void> {
    for (let i = 0; i < rows; i++) {
      const id = this.#ids.shift() ?? "nextval('events_id_seq')";
      await this.#sql.unsafe(`
        INSERT INTO events SELECT ${id}, t, date_trunc('second', t), t::timestamp, t::date, 'same',
          CASE WHEN random() < 0.5 THEN t END
        FROM (SELECT ${stamp} AS t) AS stamp`);
    }
  }
}

/** Plays the steps; exports run beside the writers. Ends with every transaction over and a quiet run. */
export async function play(
  source: TestSource,
  pipeline: Pipeline,
  steps: readonly Step[],
): Promise<void> {
  const writers = Array.from({ length: WRITERS }, () => new Writer(source.session()));
  const failures: unknown[] = [];
  let running: Promise<unknown> = Promise.resolve();
  const run = () =>
    running = running.then(() => runAll(pipeline)).catch((error) => failures.push(error));
  for (const step of steps) {
    switch (step.do) {
      case "begin":
        await writers[step.writer].begin();
        break;
      case "commit":
        await writers[step.writer].end("COMMIT");
        break;
      case "rollback":
        await writers[step.writer].end("ROLLBACK");
        break;
      case "prefetch":
        await writers[step.writer].prefetch();
        break;
      case "insert":
        await writers[step.writer].insert(step.rows, step.stamp);
        break;
      case "run":
        void run();
        break;
      case "await":
        await running;
        break;
      case "sleep":
        await new Promise((resolve) => setTimeout(resolve, step.ms));
        break;
    }
  }
  for (const writer of writers) await writer.end("COMMIT");
  await run();
  if (failures.length > 0) throw failures[0];
}

async function runAll(pipeline: Pipeline): Promise<void> {
  const aggregate = await pipeline.run({ parallelExports: true });
  const failed = aggregate.exports.filter((summary) => summary.status !== "success");
  if (failed.length > 0) throw new Error(failed.map((s) => s.error?.message).join("; "));
}
