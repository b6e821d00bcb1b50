import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { renameOver } from "../../../../core/base/rename_over.ts";

function refusing(times: number, code = "EPERM", waitsForReaders = true) {
  const waited: number[] = [];
  let asked = 0;
  return {
    waited,
    asked: () => asked,
    parts: {
      rename: () => {
        asked += 1;
        if (asked <= times) throw Object.assign(new Error(code), { code });
        return Promise.resolve();
      },
      waitsForReaders,
      wait: (ms: number) => {
        waited.push(ms);
        return Promise.resolve();
      },
    },
  };
}

Deno.test("a file that somebody reads on Windows is replaced when they are done", async () => {
  const busy = refusing(3);
  await renameOver("a", "b", busy.parts);
  deepEqual(busy.waited, [10, 50, 100]);
});

Deno.test("who never lets go is an error in the end, and so is any other refusal at once", async () => {
  const stuck = refusing(1000, "EBUSY");
  await rejects(renameOver("a", "b", stuck.parts), { code: "EBUSY" });
  equal(stuck.waited.reduce((sum, ms) => sum + ms, 0) < 60_000, true);
  for (const one of [refusing(1, "ENOSPC"), refusing(1, "EPERM", false)]) {
    await rejects(renameOver("a", "b", one.parts));
    deepEqual([one.asked(), one.waited], [1, []]);
  }
});

Deno.test("a file takes the place of another", async () => {
  const dir = await Deno.makeTempDir({ prefix: "rivet-rename-" });
  try {
    const [from, to] = [join(dir, "new"), join(dir, "old")];
    await Deno.writeTextFile(from, "new");
    await Deno.writeTextFile(to, "old");
    await renameOver(from, to);
    equal(await Deno.readTextFile(to), "new");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
