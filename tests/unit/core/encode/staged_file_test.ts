import { deepEqual, equal } from "node:assert/strict";
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
