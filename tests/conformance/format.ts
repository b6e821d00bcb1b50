/**
 * What every format must do, as cases that each adapter's test runs. What each type becomes in a file is
 * the format's own affair, and tested there.
 */
import assert from "node:assert/strict";
import type { Batch } from "../../core/batch/batch.ts";
import type { Format, FormatEncoder } from "../../core/ports/format.ts";
import type { Column } from "../../core/types/types.ts";
import { batchOf, column, type Value } from "../support/batches.ts";
import { checkedRows, concat, DEFAULT_OPTIONS } from "../support/format_files.ts";

export interface FormatUnderTest {
  readonly format: Format;
  /** Rows of a file as text, by a reader that is not ours; NULL is null. */
  read(path: string): Promise<(string | null)[][]>;
}

export interface FormatCase {
  readonly name: string;
  run(under: FormatUnderTest): Promise<void>;
}

const COLUMNS: readonly Column[] = [
  column("id", { kind: "int", bits: 32, signed: true }, false),
  column("name", { kind: "text" }),
  column("paid", { kind: "bool" }),
];

const NAMES_OF_COLUMNS = COLUMNS.map(({ name }) => name);

const NAMES = ["a", "", null, "two\nlines", 'say "hi", twice', "žluť 🚀"];

function row(id: number): Value[] {
  return [id, NAMES[id % NAMES.length], id % 3 === 0 ? null : id % 2 === 0];
}

function textRow(id: number): (string | null)[] {
  return row(id).map((value) => value === null ? null : String(value));
}

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const batch = (from: number, to: number): Batch => batchOf(COLUMNS, ids(from, to).map(row));

function open({ format }: FormatUnderTest): Promise<FormatEncoder> {
  return format.open(COLUMNS, DEFAULT_OPTIONS);
}

async function withFile(
  { format }: FormatUnderTest,
  bytes: Uint8Array,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: `.${format.extension}` });
  try {
    await Deno.writeFile(path, bytes);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

async function holds(
  under: FormatUnderTest,
  parts: readonly Uint8Array[],
  rows: number,
): Promise<void> {
  await withFile(under, concat(parts), async (path) => {
    assert.equal(await checkedRows(under.format, path, "none", NAMES_OF_COLUMNS), rows);
    assert.deepEqual(await under.read(path), ids(0, rows).map(textRow));
  });
}

export const formatCases: readonly FormatCase[] = [
  {
    name: "the chunks in their order are the file, and their sizes are what is counted",
    async run(under) {
      const encoder = await open(under);
      const parts = [...encoder.write(batch(0, 40)), ...encoder.write(batch(40, 100))];
      parts.push(...encoder.finish());
      assert.equal(encoder.bytesWritten, parts.reduce((sum, part) => sum + part.length, 0));
      await holds(under, parts, 100);
    },
  },
  {
    name: "how rows are cut into batches does not show, an empty batch neither",
    async run(under) {
      for (const cuts of [[0, 60], [0, 1, 1, 2, 59, 60], [0, 0, 30, 60, 60]]) {
        const encoder = await open(under);
        const parts = cuts.slice(1).flatMap((to, i) => encoder.write(batch(cuts[i], to)));
        await holds(under, [...parts, ...encoder.finish()], 60);
      }
    },
  },
  {
    name: "a file without rows is a file",
    async run(under) {
      const encoder = await open(under);
      const parts = encoder.finish();
      assert.ok(concat(parts).length > 0, "it has its columns at least");
      await holds(under, parts, 0);
    },
  },
  {
    name: "flush hands out what is held, and the rows around it stay in order",
    async run(under) {
      const encoder = await open(under);
      const parts: Uint8Array[] = [];
      for (const [from, to] of [[0, 10], [10, 11], [11, 30]]) {
        parts.push(...encoder.write(batch(from, to)), ...encoder.flush());
        assert.equal(encoder.heldRows, 0);
      }
      assert.deepEqual(encoder.flush(), [], "nothing is held");
      await holds(under, [...parts, ...encoder.finish()], 30);
    },
  },
  {
    name: "the size that a file would have covers its bytes, and is close once nothing is held",
    async run(under) {
      const encoder = await open(under);
      let before = 0;
      for (let at = 0; at < 2000; at += 500) {
        encoder.write(batch(at, at + 500));
        assert.ok(encoder.estimatedBytes >= encoder.bytesWritten);
        assert.ok(encoder.estimatedBytes > before, "it grows with the rows");
        before = encoder.estimatedBytes;
      }
      encoder.flush();
      const estimated = encoder.estimatedBytes;
      encoder.finish();
      const actual = encoder.bytesWritten;
      assert.ok(Math.abs(estimated - actual) < 2000 + actual / 4, `${estimated} of ${actual}`);
    },
  },
  {
    name: "files that are encoded at the same time do not mix",
    async run(under) {
      const encoders = [await open(under), await open(under)];
      const parts: Uint8Array[][] = [[], []];
      for (let at = 0; at < 50; at += 10) {
        encoders.forEach((encoder, i) => parts[i].push(...encoder.write(batch(at, at + 10))));
      }
      for (const [i, encoder] of encoders.entries()) {
        await holds(under, [...parts[i], ...encoder.finish()], 50);
      }
    },
  },
  {
    name: "the same rows make the same bytes",
    async run(under) {
      const files = await Promise.all([0, 1].map(async () => {
        const encoder = await open(under);
        return concat([...encoder.write(batch(0, 100)), ...encoder.finish()]);
      }));
      assert.deepEqual(files[0], files[1]);
    },
  },
  {
    name: "a check asks the file itself: one that is cut short, or has more behind it, is none",
    async run(under) {
      const encoder = await open(under);
      const whole = concat([...encoder.write(batch(0, 100)), ...encoder.finish()]);
      const cut = (end: number) => whole.subarray(0, end);
      const more = concat([whole, new TextEncoder().encode("more")]);
      for (const bytes of [cut(whole.length / 2), cut(whole.length - 1), cut(1), cut(0), more]) {
        await withFile(under, bytes, async (path) => {
          await assert.rejects(checkedRows(under.format, path), Error, `${bytes.length} bytes`);
        });
      }
      await assert.rejects(checkedRows(under.format, "/nowhere/at/all"), {
        code: "DESTINATION_NOT_FOUND",
      });
    },
  },
  {
    name: "a check compares the columns' names",
    async run(under) {
      const encoder = await open(under);
      const whole = concat([...encoder.write(batch(0, 100)), ...encoder.finish()]);
      await withFile(under, whole, async (path) => {
        for (const names of [["id", "name"], ["id", "paid", "name"], ["id", "name", "paid", "x"]]) {
          await assert.rejects(checkedRows(under.format, path, "none", names), /column/);
        }
      });
    },
  },
];
