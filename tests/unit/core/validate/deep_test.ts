/** `rivet validate --deep` and `verify: content`: parts are read, and what is damaged is found and named. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fingerprintOf } from "../../../../core/base/fingerprint.ts";
import type { PartRecord } from "../../../../core/manifest/parts.ts";
import { publishSuccess } from "../../../../core/manifest/publish.ts";
import { batchOf, column, type Value } from "../../../support/batches.ts";
import type { OpenDestination } from "../../../support/destinations.ts";
import { encode } from "../../../support/format_files.ts";
import {
  exportOf,
  fileRecord,
  manifestOf,
  RUN,
  stateOf,
  withLocal,
  withMemory,
} from "../manifest/support.ts";
import { validate } from "./support.ts";

const COLUMNS = [
  column("id", { kind: "int", bits: 64, signed: true }, false),
  column("city", { kind: "text" }),
];
const READ_BACK = exportOf("orders", { verify: "content" });
const ROWS = 300;
const PATH = "orders_20260329_125109.parquet";

const rows = Array.from({ length: ROWS }, (_, i): Value[] => [BigInt(i), `city ${i % 40}`]);

function file(rowCount = ROWS): Promise<Uint8Array> {
  const batch = batchOf(COLUMNS, rows.slice(0, rowCount));
  return encode("parquet", COLUMNS, [batch], { compression: "none" });
}

const md5Of = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("base64");

/** Puts a part, its digests made of the very bytes. */
async function putPart(
  destination: OpenDestination,
  bytes: Uint8Array,
  recorded: Uint8Array = bytes,
): Promise<PartRecord> {
  const staged = join(await destination.stagingDir(), crypto.randomUUID());
  await Deno.writeFile(staged, bytes);
  equal(await destination.put({ file: staged, md5: md5Of(bytes) }, PATH), "stored");
  return {
    path: PATH,
    rows: ROWS,
    sizeBytes: recorded.length,
    fingerprint: await fingerprintOf(recorded),
    md5: md5Of(recorded),
    chunkIndex: null,
  };
}

async function publish(destination: OpenDestination, part: PartRecord): Promise<void> {
  const manifest = await manifestOf(destination, [part]);
  const columns = COLUMNS.map(({ name, type }) => ({ name, type: type.kind }));
  await publishSuccess(destination, { ...manifest, columns });
}

/** Counts what is read of parts. */
function counting(destination: OpenDestination): () => number {
  let bytes = 0;
  const read = destination.readRange.bind(destination);
  destination.readRange = async (...args: Parameters<OpenDestination["readRange"]>) => {
    const range = await read(...args);
    bytes += range?.length ?? 0;
    return range;
  };
  return () => bytes;
}

const PLACES = [["local", withLocal], ["a store", withMemory]] as const;

for (const [name, withPlace] of PLACES) {
  Deno.test(`${name}: --deep reads each part once, all else nothing`, () =>
    withPlace(async (destination) => {
      const bytes = await file();
      await publish(destination, await putPart(destination, bytes));
      const read = counting(destination);
      equal((await validate(destination, {})).status, "pass");
      equal(read(), 0);
      const deep = await validate(destination, { deep: true });
      deepEqual([deep.status, deep.coverage], ["pass", "1 verified: 1 content"]);
      equal(read(), bytes.length);
      equal((await validate(destination, { exports: [READ_BACK] })).status, "pass");
      equal(read(), name === "local" ? bytes.length * 2 : bytes.length);
    }));

  Deno.test(`${name}: --deep finds and names what digests vouch for`, () =>
    withPlace(async (destination) => {
      const bytes = await file();
      // Two pieces in another order, and all digests made of what came of it.
      bytes.set(bytes.slice(100, 150), 300);
      await publish(destination, await putPart(destination, bytes));
      equal((await validate(destination, {})).status, "pass");
      const found = await validate(destination, { deep: true });
      equal(found.status, "fail");
      equal(found.findings[0].code, "part_unreadable");
      match(found.findings[0].message, new RegExp(`^${PATH} cannot be read .*column "`));
      const [{ status, verified_by, problem }] = found.parts;
      deepEqual([status, verified_by], ["unreadable", "content"]);
      deepEqual([problem?.row_group, typeof problem?.offset], [0, "number"]);
      equal(found.coverage, "0 verified; 1 unreadable");
    }));

  Deno.test(`${name}: --deep finds another byte anywhere`, () =>
    withPlace(async (destination) => {
      const bytes = await file();
      let at = 0;
      const read = destination.readRange.bind(destination);
      destination.readRange = async (...args: Parameters<OpenDestination["readRange"]>) => {
        const range = await read(...args);
        const own = at - args[1];
        return range?.map((byte, i) => i === own ? byte ^ 0x21 : byte) ?? null;
      };
      await publish(destination, await putPart(destination, bytes));
      let named = 0;
      for (at = 0; at < bytes.length; at += 29) {
        const found = await validate(destination, { deep: true });
        equal(found.findings[0]?.code, "part_content_differs", `byte ${at}`);
        match(found.findings[0].message, new RegExp(PATH));
        if (found.parts[0].problem !== null) named++;
        else match(found.findings[0].message, /in what has no checksum/);
      }
      ok(named > 20, String(named));
    }));

  Deno.test(`${name}: --deep finds other rows than recorded`, () =>
    withPlace(async (destination) => {
      await publish(destination, await putPart(destination, await file(200)));
      const found = await validate(destination, { deep: true });
      equal(found.findings[0].code, "part_unreadable");
      match(found.findings[0].message, /it holds 200 rows, recorded are 300/);
    }));

  Deno.test(`${name}: --deep without a manifest`, () =>
    withPlace(async (destination) => {
      const bytes = await file();
      const damaged = bytes.map((byte, i) => i === 100 ? byte ^ 1 : byte);
      const part = await putPart(destination, damaged);
      const logged = fileRecord({ ...part, md5: "" }, RUN, destination.uri);
      const states = [stateOf(), stateOf([logged])];
      for (const state of states) {
        equal((await validate(destination, { state })).status, "pass");
        const found = await validate(destination, { state, deep: true });
        deepEqual(found.findings.map(({ code }) => code), ["part_unreadable"]);
        match(found.findings[0].message, /column "city", row group 0, the dictionary page/);
      }
    }));
}

Deno.test("verify: content: a local part is gone through while it is hashed", () =>
  withLocal(async (destination) => {
    const bytes = await file();
    bytes.set(bytes.slice(100, 150), 300);
    await publish(destination, await putPart(destination, bytes));
    const found = await validate(destination, { exports: [READ_BACK] });
    equal(found.findings[0].code, "part_unreadable");
  }));

Deno.test("a part that goes away while it is read is missing", () =>
  withMemory(async (destination) => {
    const bytes = await file();
    await publish(destination, await putPart(destination, bytes));
    destination.readRange = () => Promise.resolve(null);
    equal((await validate(destination, { deep: true })).findings[0].code, "part_missing");
  }));
