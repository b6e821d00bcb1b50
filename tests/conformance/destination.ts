/**
 * What every destination must do (contracts section 2), as cases that each adapter's test runs against
 * a fresh, empty place of its own.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DestinationError } from "../../core/base/errors.ts";
import { LOOK, type OpenDestination, WRITE } from "../support/destinations.ts";

export interface DestinationCase {
  readonly name: string;
  run(destination: OpenDestination): Promise<void>;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function staged(destination: OpenDestination, bytes: Uint8Array): Promise<string> {
  const path = join(await destination.stagingDir(), `${crypto.randomUUID()}.tmp`);
  await Deno.writeFile(path, bytes);
  return path;
}

/** Puts `bytes` the way a run does: staged, then put. Returns the base64 MD5. */
export async function putFile(
  destination: OpenDestination,
  key: string,
  bytes: Uint8Array,
): Promise<string> {
  const md5 = createHash("md5").update(bytes).digest("base64");
  assert.equal(
    await destination.put({ file: await staged(destination, bytes), md5 }, key),
    "stored",
  );
  return md5;
}

async function keys(destination: OpenDestination, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const info of destination.list(prefix)) found.push(info.key);
  return found;
}

async function readText(destination: OpenDestination, key: string): Promise<string | null> {
  const bytes = await destination.read(key);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

const WEIRD_KEYS: readonly string[] = [
  "with space.csv",
  "day=2026-01-31/part 1.parquet",
  "größe/日本語/naïve.csv",
  "emoji-🚀.csv",
  "plus+and&percent%20.csv",
  "quote'\"s.csv",
  "hash#question?.csv",
  "[glob]*{a,b}.csv",
  ".hidden",
  "_SUCCESS",
];

/** Windows cannot name these; object stores and other systems can. */
const creatable = WEIRD_KEYS.filter((key) => Deno.build.os !== "windows" || !/["?*<>|:]/.test(key));

export const destinationCases: readonly DestinationCase[] = [
  {
    name: "a place nobody wrote to is empty, not an error",
    async run(d) {
      assert.deepEqual(await keys(d, ""), []);
      assert.deepEqual(await keys(d, "no/such/folder/"), []);
      assert.equal(await d.head("nothing"), null);
      assert.equal(await d.read("nothing"), null);
      assert.equal(await d.head("no/such/folder/nothing"), null);
    },
  },
  {
    name: "put stores the bytes, consumes the local file and reports the size",
    async run(d) {
      const bytes = crypto.getRandomValues(new Uint8Array(60_000));
      const file = await staged(d, bytes);
      const md5 = createHash("md5").update(bytes).digest("base64");
      assert.equal(await d.put({ file, md5 }, "deep/er/part.parquet"), "stored");
      assert.deepEqual(await d.read("deep/er/part.parquet"), bytes);
      await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
      const info = await d.head("deep/er/part.parquet");
      assert.equal(info?.key, "deep/er/part.parquet");
      assert.equal(info?.sizeBytes, bytes.length);
      if (d.capabilities.md5 === "listed") assert.equal(info?.md5, md5);
    },
  },
  {
    name: "a large file arrives whole, in however many pieces",
    async run(d) {
      const bytes = new Uint8Array(3_000_017).map((_, i) => (i * 2_654_435_761) >>> 13);
      const md5 = await putFile(d, "large.parquet", bytes);
      assert.deepEqual(await d.read("large.parquet"), bytes);
      const info = await d.head("large.parquet");
      assert.equal(info?.sizeBytes, bytes.length);
      // A store may have none for an object of several pieces, but never another one.
      assert.ok(info?.md5 === undefined || info.md5 === md5, info?.md5);
      await d.move("large.parquet", "_quarantine/run/large.parquet");
      assert.deepEqual(await d.read("_quarantine/run/large.parquet"), bytes);
    },
  },
  {
    name: "a part of an object is read alone, up to its end and no further",
    async run(d) {
      const bytes = new Uint8Array(3_000_017).map((_, i) => (i * 2_654_435_761) >>> 11);
      await putFile(d, "deep/part.parquet", bytes);
      const last = bytes.length - 1;
      for (const [start, length] of [[0, 1], [7, 1000], [1_000_000, 2_000_000], [last, 1]]) {
        const read = await d.readRange("deep/part.parquet", start, length);
        assert.equal(read?.length, length);
        assert.ok(read.every((byte, i) => byte === bytes[start + i]), `${start}, ${length}`);
      }
      assert.deepEqual(await d.readRange("deep/part.parquet", last, 100), bytes.slice(last));
      assert.equal((await d.readRange("deep/part.parquet", bytes.length, 100))?.length, 0);
      assert.equal((await d.readRange("deep/part.parquet", bytes.length + 50, 1))?.length, 0);
      assert.equal(await d.readRange("deep/nothing", 0, 10), null);
      await putFile(d, "empty.csv", new Uint8Array(0));
      assert.equal((await d.readRange("empty.csv", 0, 10))?.length, 0);
    },
  },
  {
    name: "listings carry size and, where the store has one, MD5",
    async run(d) {
      const md5 = await putFile(d, "part.csv", text("id\n1\n"));
      const listed = [];
      for await (const info of d.list("part")) listed.push(info);
      assert.deepEqual(listed.map(({ key, sizeBytes }) => ({ key, sizeBytes })), [
        { key: "part.csv", sizeBytes: 5 },
      ]);
      assert.equal(listed[0].md5, d.capabilities.md5 === "listed" ? md5 : undefined);
    },
  },
  {
    name: "check finds a usable place usable and leaves nothing there",
    async run(d) {
      await d.probe(LOOK);
      await d.probe(WRITE);
      assert.deepEqual(await keys(d, ""), []);
    },
  },
  {
    name: "files being written are never listed",
    async run(d) {
      await staged(d, text("half"));
      await putFile(d, "whole.csv", text("whole"));
      assert.deepEqual(await keys(d, ""), ["whole.csv"]);
    },
  },
  {
    name: "put never writes over an object, and leaves the file that was not stored",
    async run(d) {
      for (const size of [60, 3_000_017]) {
        const key = `part-${size}.csv`;
        const [first, second] = [new Uint8Array(size).fill(1), new Uint8Array(size).fill(2)];
        await putFile(d, key, first);
        const file = await staged(d, second);
        const md5 = createHash("md5").update(second).digest("base64");
        assert.equal(await d.put({ file, md5 }, key), "taken");
        assert.deepEqual(await d.read(key), first);
        assert.equal(await d.put({ file, md5 }, `other-${key}`), "stored");
        assert.deepEqual(await d.read(`other-${key}`), second);
      }
    },
  },
  {
    name: "of puts of one name at the same moment, one is stored",
    async run(d) {
      const bodies = Array.from({ length: 12 }, (_, i) => text(`body ${i}`));
      const outcomes = await Promise.all(bodies.map(async (body) => {
        const md5 = createHash("md5").update(body).digest("base64");
        return await d.put({ file: await staged(d, body), md5 }, "new/part.csv");
      }));
      const stored = bodies.filter((_, i) => outcomes[i] === "stored");
      assert.equal(stored.length, 1, outcomes.join());
      assert.deepEqual(await d.read("new/part.csv"), stored[0]);
    },
  },
  {
    name: "a probe finds names that are taken out, and may be made again",
    async run(d) {
      const access = { refused: [], createOnly: true, foreignMd5: null };
      assert.deepEqual(await d.probe(WRITE), access);
      assert.deepEqual(await d.probe(WRITE), access);
    },
  },
  {
    name: "replace overwrites, so that a retry is harmless",
    async run(d) {
      await d.replace(text("one, longer"), "status.json");
      await d.replace(text("two"), "status.json");
      assert.equal(await readText(d, "status.json"), "two");
      assert.equal((await d.head("status.json"))?.sizeBytes, 3);
      assert.deepEqual(await keys(d, ""), ["status.json"]);
    },
  },
  {
    name: "an overwritten object is read old or new, never mixed",
    async run(d) {
      const bodies = ["a", "b"].map((letter) => letter.repeat(50_000));
      await d.replace(text(bodies[0]), "manifest.json");
      const writes = (async () => {
        for (let i = 1; i < 20; i++) await d.replace(text(bodies[i % 2]), "manifest.json");
      })();
      for (let i = 0; i < 20; i++) {
        const body = await readText(d, "manifest.json");
        assert.ok(body === bodies[0] || body === bodies[1], "a mixed or partial body was read");
      }
      await writes;
    },
  },
  {
    name: "empty objects are objects",
    async run(d) {
      await d.replace(new Uint8Array(0), "empty");
      await putFile(d, "empty.csv", new Uint8Array(0));
      assert.equal((await d.head("empty"))?.sizeBytes, 0);
      assert.equal((await d.read("empty.csv"))?.length, 0);
    },
  },
  {
    name: "list takes a string prefix, sees all depths and orders by UTF-8 bytes",
    async run(d) {
      const all = ["b/2", "b/10", "b-side", "a", "b/x/y", "bb", "\uffee", "😀", "Z"];
      for (const key of all) await d.replace(text(key), key);
      const byBytes = ["Z", "a", "b-side", "b/10", "b/2", "b/x/y", "bb", "\uffee", "😀"];
      assert.deepEqual(await keys(d, ""), byBytes);
      assert.deepEqual(await keys(d, "b/"), ["b/10", "b/2", "b/x/y"]);
      assert.deepEqual(await keys(d, "b"), ["b-side", "b/10", "b/2", "b/x/y", "bb"]);
      assert.deepEqual(await keys(d, "b/x"), ["b/x/y"]);
      assert.deepEqual(await keys(d, "a/"), []);
    },
  },
  {
    name: "list pages: every key exactly once",
    async run(d) {
      const expected = Array.from({ length: 130 }, (_, i) => `p/${String(i).padStart(5, "0")}`);
      const queue = [...expected];
      const one = text("x");
      const writer = async () => {
        for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
          await d.replace(one, key);
        }
      };
      await Promise.all(Array.from({ length: 8 }, writer));
      assert.deepEqual(await keys(d, "p/"), expected);
    },
  },
  {
    name: "keys with spaces, `=`, quotes and any script survive",
    async run(d) {
      for (const key of creatable) await putFile(d, key, text(key));
      assert.deepEqual((await keys(d, "")).sort(), [...creatable].sort());
      for (const key of creatable) assert.equal(await readText(d, key), key);
    },
  },
  {
    name: "a key cannot leave the destination",
    async run(d) {
      for (const key of ["../out", "a/../../out", "/etc/out", "a//b", "./a", "", "a/"]) {
        await assert.rejects(d.replace(text("x"), key), DestinationError, `replace ${key}`);
        await assert.rejects(d.head(key), DestinationError, `head ${key}`);
        await assert.rejects(d.read(key), DestinationError, `read ${key}`);
        await assert.rejects(putFile(d, key, text("x")), DestinationError, `put ${key}`);
        await assert.rejects(d.move(key, "b"), DestinationError, `move from ${key}`);
      }
      assert.deepEqual(await keys(d, ""), []);
    },
  },
  {
    name: "move takes the object away, overwrites, and fails on a missing one",
    async run(d) {
      await putFile(d, "part.csv", text("new"));
      await putFile(d, "_quarantine/run/part.csv", text("old"));
      await d.move("part.csv", "_quarantine/run/part.csv");
      assert.equal(await d.head("part.csv"), null);
      assert.equal(await readText(d, "_quarantine/run/part.csv"), "new");
      assert.deepEqual(await keys(d, ""), ["_quarantine/run/part.csv"]);
      await assert.rejects(d.move("part.csv", "elsewhere"), DestinationError);
    },
  },
  {
    name: "concurrent puts into one new folder all arrive",
    async run(d) {
      const wanted = Array.from(
        { length: 24 },
        (_, i) => `new/folder/${String(i).padStart(2, "0")}`,
      );
      await Promise.all(wanted.map((key) => putFile(d, key, text(key))));
      assert.deepEqual(await keys(d, "new/"), wanted);
      for (const key of wanted) assert.equal(await readText(d, key), key);
    },
  },
  {
    name: "the staging folder is one folder for the destination's life and goes with it",
    async run(d) {
      const dir = await d.stagingDir();
      assert.equal(await d.stagingDir(), dir);
      await Deno.writeTextFile(join(dir, "left.tmp"), "left");
      await d.close();
      await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
      await d.close();
    },
  },
];
