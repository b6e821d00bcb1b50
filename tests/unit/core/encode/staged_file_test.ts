import { deepEqual, equal, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { openStagedFile, type StagedPart } from "../../../../core/encode/staged_file.ts";
import type { PieceRule } from "../../../../core/ports/destination.ts";

const RULE: PieceRule = { aboveBytes: 2500, bytes: 1000 };

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("base64");

async function stage(
  body: Uint8Array,
  chunk: number,
  pieces: PieceRule | null,
): Promise<StagedPart> {
  const dir = await Deno.makeTempDir();
  try {
    const sink = openStagedFile(join(dir, "part"), pieces);
    for (let at = 0; at < body.length; at += chunk) sink.write(body.subarray(at, at + chunk));
    const part = sink.finish(1);
    deepEqual(await Deno.readFile(part.file), body);
    return part;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a large file's pieces are hashed while it is written, however it is written", async () => {
  for (const size of [2501, 3000, 4001, 7777]) {
    const body = crypto.getRandomValues(new Uint8Array(size));
    const pieces = [];
    for (let at = 0; at < size; at += RULE.bytes) {
      pieces.push(md5(body.subarray(at, at + RULE.bytes)));
    }
    for (const chunk of [1, 7, 999, 1000, 1001, size]) {
      const part = await stage(body, chunk, RULE);
      deepEqual(part.pieceMd5s, pieces, `${size} bytes in chunks of ${chunk}`);
      equal(part.md5, md5(body));
      equal(part.sizeBytes, size);
    }
  }
});

Deno.test("a file that goes whole, or to a destination without pieces, is hashed once", async () => {
  const body = crypto.getRandomValues(new Uint8Array(2500));
  equal((await stage(body, 100, RULE)).pieceMd5s, undefined);
  equal((await stage(new Uint8Array(9000), 100, null)).pieceMd5s, undefined);
});

Deno.test("pieces of all sizes lie in the file as they came", async () => {
  const sizes = [
    0,
    1,
    100,
    16_384,
    32_768,
    32_769,
    49_152,
    65_436,
    65_535,
    65_536,
    65_537,
    200_000,
  ];
  const dir = await Deno.makeTempDir();
  try {
    for (const first of sizes) {
      for (const second of sizes) {
        const sink = openStagedFile(join(dir, `${first}-${second}`));
        const body = crypto.getRandomValues(new Uint8Array(16 + second % 60_000));
        const pieces = [new Uint8Array(first).fill(1), new Uint8Array(second).fill(2), body];
        for (const piece of [...pieces, ...pieces]) sink.write(piece);
        const part = sink.finish(1);
        const written = await Deno.readFile(part.file);
        const expected = Buffer.concat([...pieces, ...pieces]);
        equal(expected.equals(written), true, `${first} bytes, then ${second}`);
        equal(part.md5, md5(expected));
      }
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a file of another size than what was given is none, and is not left behind", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const size of [0, 199_999, 300_000]) {
      const path = join(dir, String(size));
      const sink = openStagedFile(path);
      sink.write(new Uint8Array(200_000));
      await Deno.truncate(path, size);
      throws(() => sink.finish(1), { code: "INTERNAL" });
      equal(await Deno.stat(path).catch(() => null), null);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
