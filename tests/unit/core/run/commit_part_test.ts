/** Names of parts: one that is taken costs a new name, never data. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { openStagedFile, type StagedPart } from "../../../../core/encode/staged_file.ts";
import type { FileRecord } from "../../../../core/ports/state.ts";
import { commitPart } from "../../../../core/run/commit_part.ts";
import type { ExportContext } from "../../../../core/run/context.ts";
import { Journal } from "../../../../core/run/journal.ts";
import { DestinationError, StateError } from "../../../../core/base/errors.ts";
import type { MemoryDestination } from "../../../support/memory_destination.ts";
import { loadFormat } from "../../../../adapters/formats/mod.ts";
import { batchOf, column, type Value } from "../../../support/batches.ts";
import { DEFAULT_OPTIONS } from "../../../support/format_files.ts";
import { withRun } from "../../../support/run_context.ts";
import { exportOf, keys, RUN, text, withMemory } from "../manifest/support.ts";

const PLACE = { chunkIndex: 0, part: null };

function contextOf(destination: MemoryDestination, logged: FileRecord[] = []): ExportContext {
  const context = {
    deps: { format: () => Promise.resolve({ extension: "csv" }) },
    state: {
      logFile: (file: FileRecord) => {
        logged.push(file);
        return Promise.resolve();
      },
    },
    options: { validate: false },
    exported: { ...exportOf("orders"), tuning: { maxRetries: 2, retryBackoffMs: 1 } },
    runId: RUN,
    startedAt: new Date(),
    destination,
    journal: new Journal(RUN, "orders"),
    tracker: { retries: 0 },
    signal: new AbortController().signal,
  };
  return context as unknown as ExportContext;
}

async function staged(destination: MemoryDestination, body: string): Promise<StagedPart> {
  const file = join(await destination.stagingDir(), crypto.randomUUID());
  await Deno.writeTextFile(file, body);
  const md5 = createHash("md5").update(body).digest("base64");
  return { file, md5, rows: 1, sizeBytes: body.length, fingerprint: "xxh3:0" };
}

Deno.test("runs that commit in the same second keep all of their parts", () =>
  withMemory(async (destination) => {
    const logged: FileRecord[] = [];
    const bodies = ["a", "b", "c", "d"];
    const records = await Promise.all(
      bodies.map(async (body) =>
        await commitPart(contextOf(destination, logged), await staged(destination, body), PLACE, [])
      ),
    );
    for (const [i, { path }] of records.entries()) equal(await text(destination, path), bodies[i]);
    deepEqual((await keys(destination)).sort(), records.map(({ path }) => path).sort());
    // I2: the log holds the names that the destination accepted.
    deepEqual(logged.map((file) => file.fileName).sort(), records.map(({ path }) => path).sort());
  }));

Deno.test("a destination that calls every name taken is said, not asked for ever", () =>
  withMemory(async (destination) => {
    let asked = 0;
    destination.put = () => {
      asked++;
      return Promise.resolve("taken");
    };
    const part = await staged(destination, "a");
    await rejects(commitPart(contextOf(destination), part, PLACE, []), {
      code: "DESTINATION_FAILED",
      message: "memory:// calls 100 names in a row taken",
    });
    equal(asked, 100);
  }));

Deno.test("I2: a put that fails is no row of the file log", () =>
  withRun({}, async ({ ctx, destination, state }) => {
    destination.put = () => Promise.reject(new DestinationError("DESTINATION_FAILED", "full"));
    const part = await staged(destination, "a");
    await rejects(commitPart(ctx, part, PLACE, []), { code: "DESTINATION_FAILED" });
    deepEqual(await state.files({}), []);
    deepEqual(ctx.journal.events, []);
  }));

Deno.test("I7: a file log that cannot be written loses no part; a lease that is lost ends the run", () =>
  withRun({}, async ({ ctx, destination, warnings }) => {
    let code: "STATE_UNAVAILABLE" | "LEASE_LOST" = "STATE_UNAVAILABLE";
    const state = { ...ctx.state, logFile: () => Promise.reject(new StateError(code, "no")) };
    const { path } = await commitPart({ ...ctx, state }, await staged(destination, "a"), PLACE, []);
    equal(await text(destination, path), "a");
    deepEqual(warnings, ["could not write the file log: no"]);
    code = "LEASE_LOST";
    const lost = commitPart({ ...ctx, state }, await staged(destination, "b"), PLACE, []);
    await rejects(lost, { code: "LEASE_LOST" });
  }));

Deno.test("--validate: a file that holds other rows than were written never becomes a part", () =>
  withRun({}, async ({ ctx, destination }) => {
    const validating = { ...ctx, options: { ...ctx.options, validate: true } };
    const part = await staged(destination, '["id"]\n["1"]\n["2"]\n');
    const id = [column("id", { kind: "text" })];
    await rejects(commitPart(validating, part, PLACE, id), {
      code: "VALIDATION_FAILED",
      message: "export 'orders': a part holds 2 rows where 1 were written",
    });
    await rejects(commitPart(validating, { ...part, rows: 2 }, PLACE, []), {
      code: "VALIDATION_FAILED",
    });
    deepEqual(await keys(destination), []);
    await commitPart(validating, { ...part, rows: 2 }, PLACE, id);
    equal((await keys(destination)).length, 1);
  }));

Deno.test("--validate: a part whose pieces are out of order is none, though all its digests agree", () =>
  withRun({ format: "parquet" }, async ({ ctx, destination }) => {
    const columns = [
      column("id", { kind: "int", bits: 64, signed: true }, false),
      column("text", { kind: "text" }),
    ];
    const parquet = await loadFormat("parquet");
    const options = { ...DEFAULT_OPTIONS, compression: "none", encoding: "plain" } as const;
    const encoder = await parquet.open(columns, options);
    const rows = Array.from({ length: 20_000 }, (_, i): Value[] => [BigInt(i), `text ${i * 7}`]);
    const pieces = [...encoder.write(batchOf(columns, rows)), ...encoder.finish()];
    const deps = { ...ctx.deps, format: loadFormat };
    const validating = { ...ctx, deps, options: { ...ctx.options, validate: true } };
    const commit = async (written: readonly Uint8Array[]) => {
      const sink = openStagedFile(join(await destination.stagingDir(), crypto.randomUUID()));
      for (const piece of written) sink.write(piece);
      return await commitPart(validating, sink.finish(rows.length), PLACE, columns);
    };
    // Large pieces that overtake the small ones that are gathered before them.
    const large = pieces.filter(({ length }) => length > 65_536);
    const small = pieces.filter(({ length }) => length <= 65_536);
    ok(large.length > 0 && small.length > 0);
    await rejects(commit([...large, ...small]), {
      code: "VALIDATION_FAILED",
      message: /a part cannot be read by what its format says: /,
    });
    deepEqual(await keys(destination), []);
    await commit(pieces);
    equal((await keys(destination)).length, 1);
  }));
