import { deepEqual, equal } from "node:assert/strict";
import type { OpenDestination } from "../../../support/destinations.ts";
import {
  commonPrefix,
  coverageText,
  isVerified,
  verifyDestination,
  type VerifyOptions,
} from "../../../../core/manifest/verify_parts.ts";
import type { PartCheck } from "../../../../core/manifest/read_part.ts";
import { bytes, manifestOf, overwrite, put, withLocal, withMemory } from "./support.ts";

const SIZE: VerifyOptions = { content: false };
/** What the parts hold is no format: as many rows as are recorded, whatever is in them. */
const check: PartCheck = async (file) => {
  for await (const _ of file.pieces());
  return { rows: 10, problem: null };
};
const CONTENT: VerifyOptions = { content: true, check };

async function verify(
  destination: OpenDestination,
  options: VerifyOptions,
  damage?: () => void,
) {
  const parts = [
    await put(destination, "orders_20260329_125109_chunk0.parquet", "abc"),
    await put(destination, "orders_20260329_125109_chunk1.parquet", "defg"),
  ];
  await damage?.();
  return await verifyDestination(destination, await manifestOf(destination, parts), options);
}

Deno.test("M5: where the store lists MD5, it is compared, from one listing and no download", () =>
  withMemory(async (destination) => {
    let listings = 0;
    const list = destination.list.bind(destination);
    destination.list = (prefix) => {
      listings++;
      return list(prefix);
    };
    destination.read = () => Promise.reject(new Error("nothing is downloaded"));
    const verification = await verify(destination, SIZE);
    equal(coverageText(verification), "2 verified: 2 md5");
    equal(isVerified(verification), true);
    equal(listings, 1);
  }));

Deno.test("M5: a part without a listed MD5 is verified by size, and the coverage says so", () =>
  withMemory(async (destination) => {
    const verification = await verify(destination, SIZE, async () => {
      // Written in several blocks, some stores list no MD5.
      await destination.replace(bytes("defg"), "orders_20260329_125109_chunk1.parquet");
    });
    equal(coverageText(verification), "2 verified: 1 md5, 1 size only");
  }));

Deno.test("M5: missing, of another size, of other content", () =>
  withMemory(async (destination) => {
    const parts = [
      await put(destination, "a", "abc"),
      await put(destination, "b", "abc"),
      await put(destination, "c", "abc"),
    ];
    await destination.move("a", "elsewhere");
    await overwrite(destination, "b", "abcd");
    await overwrite(destination, "c", "abd");
    const manifest = await manifestOf(destination, parts);
    const verification = await verifyDestination(destination, manifest, SIZE);
    deepEqual(verification.parts.map((p) => p.state), [
      "missing",
      "size_differs",
      "content_differs",
    ]);
    equal(
      coverageText(verification),
      "0 verified; 1 missing; 1 of another size; 1 of other content",
    );
  }));

Deno.test("M5: verify: content makes a part that only its size speaks for a failure", () =>
  withMemory(async (destination) => {
    const verification = await verify(destination, CONTENT, async () => {
      await destination.replace(bytes("defg"), "orders_20260329_125109_chunk1.parquet");
    });
    equal(isVerified(verification), false);
    equal(coverageText(verification), "1 verified: 1 md5; 1 not verifiable beyond size");
  }));

Deno.test("verify: content reads local files back, verify: size does not", () =>
  withLocal(async (destination, root) => {
    const parts = [await put(destination, "a", "abc"), await put(destination, "b", "defg")];
    const manifest = await manifestOf(destination, parts);
    const good = await verifyDestination(destination, manifest, CONTENT);
    equal(coverageText(good), "2 verified: 2 content");
    Deno.writeTextFileSync(`${root}/b`, "defx");
    const bySize = await verifyDestination(destination, manifest, SIZE);
    equal(coverageText(bySize), "2 verified: 2 size only");
    const bad = await verifyDestination(destination, manifest, CONTENT);
    equal(coverageText(bad), "1 verified: 1 content; 1 of other content");
  }));

Deno.test("superseded and quarantined parts are counted apart and need not be there", () =>
  withMemory(async (destination) => {
    const parts = [
      await put(destination, "new", "abc"),
      { ...await put(destination, "old", "ab"), status: "superseded" as const },
      { ...await put(destination, "bad", "ab"), status: "quarantined" as const },
    ];
    await destination.move("old", "gone");
    const manifest = await manifestOf(destination, parts);
    const verification = await verifyDestination(destination, manifest, SIZE);
    equal(coverageText(verification), "1 verified: 1 md5; 1 superseded; 1 quarantined");
    deepEqual(verification.parts.map((p) => p.path), ["new"]);
    equal(isVerified(verification), true);
  }));

Deno.test("a manifest without parts is verified without a listing", () =>
  withMemory(async (destination) => {
    destination.list = () => {
      throw new Error("nothing to list");
    };
    const manifest = await manifestOf(destination, []);
    equal(coverageText(await verifyDestination(destination, manifest, SIZE)), "0 verified");
  }));

Deno.test("the listing covers the parts and as little else as possible", () => {
  equal(commonPrefix(["o_1_chunk0.csv", "o_1_chunk12.csv"]), "o_1_chunk");
  equal(commonPrefix(["d=1/o.csv", "d=2/o.csv"]), "d=");
  equal(commonPrefix(["a", "b"]), "");
  equal(commonPrefix(["only"]), "only");
});

Deno.test("M5: a listed digest that is no MD5 accuses no part: head tells", () =>
  withMemory(async (destination) => {
    const parts = [await put(destination, "a", "abc"), await put(destination, "b", "abc")];
    const list = destination.list.bind(destination);
    destination.list = async function* (prefix) {
      for await (const info of list(prefix)) yield { ...info, md5: "AAAAAAAAAAAAAAAAAAAAAA==" };
    };
    const head = destination.head.bind(destination);
    // `a` is encrypted with a customer's key; the listing of `b` was stale.
    destination.head = async (key) => {
      const info = await head(key);
      return info === null || key === "b" ? info : { ...info, md5: undefined };
    };
    const manifest = await manifestOf(destination, parts);
    const bySize = await verifyDestination(destination, manifest, SIZE);
    equal(coverageText(bySize), "2 verified: 1 md5, 1 size only");
  }));
