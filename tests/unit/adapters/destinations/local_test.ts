import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { LocalDestination } from "../../../../adapters/destinations/local.ts";
import {
  openStaging,
  STAGING_FOLDER,
  sweepStaging,
} from "../../../../adapters/destinations/kit/staging.ts";
import { DestinationError } from "../../../../core/base/errors.ts";
import { destinationCases, putFile } from "../../../conformance/destination.ts";

const bytes = new TextEncoder().encode("body");

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-local-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const c of destinationCases) {
  Deno.test(`local destination: ${c.name}`, () =>
    inFolder(async (folder) => {
      const destination = new LocalDestination({ root: join(folder, "not", "yet", "there") });
      try {
        await c.run(destination);
      } finally {
        await destination.close();
      }
    }));
}

Deno.test("local destination: a folder that another put makes meanwhile is as good as one's own", () =>
  inFolder(async (folder) => {
    const destination = new LocalDestination({ root: folder });
    const { linkSync } = Deno;
    Deno.linkSync = (from, to) => {
      try {
        linkSync(from, to);
      } catch (error) {
        Deno.linkSync = linkSync;
        Deno.mkdirSync(dirname(String(to)));
        throw error;
      }
    };
    try {
      await putFile(destination, "day=1/part.csv", bytes);
    } finally {
      Deno.linkSync = linkSync;
    }
    assert.deepEqual(await destination.read("day=1/part.csv"), bytes);
    await destination.close();
  }));

Deno.test("local destination: opening and listing create nothing", () =>
  inFolder(async (folder) => {
    const root = join(folder, "out");
    const destination = new LocalDestination({ root });
    for await (const info of destination.list("")) assert.fail(info.key);
    await destination.close();
    await assert.rejects(Deno.stat(root), Deno.errors.NotFound);
  }));

Deno.test("local destination: closing leaves final files only", () =>
  inFolder(async (folder) => {
    const destination = new LocalDestination({ root: folder });
    await putFile(destination, "part.csv", bytes);
    await destination.close();
    assert.deepEqual([...Deno.readDirSync(folder)].map((e) => e.name), ["part.csv"]);
  }));

Deno.test("local destination: unfinished files are hidden, on the same file system, and no key", () =>
  inFolder(async (folder) => {
    const destination = new LocalDestination({ root: folder });
    const staging = await destination.stagingDir();
    assert.equal(Deno.statSync(staging).dev, Deno.statSync(folder).dev);
    assert.ok(staging.startsWith(join(folder, ".")), staging);
    await assert.rejects(destination.replace(bytes, `${STAGING_FOLDER}/x`), DestinationError);
    await destination.close();
  }));

Deno.test("local destination: a file where a folder is needed is DESTINATION_UNWRITABLE", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeFile(file, bytes);
    const destination = new LocalDestination({ root: file });
    await assert.rejects(destination.stagingDir(), (error: DestinationError) => {
      assert.equal(error.code, "DESTINATION_UNWRITABLE");
      assert.match(error.message, /file/);
      assert.notEqual(error.hint, undefined);
      return true;
    });
    await Deno.remove(file);
    await putFile(destination, "part.csv", bytes);
    await destination.close();
  }));

Deno.test("local destination: put can be repeated when the link was made but is not durable", () =>
  inFolder(async (folder) => {
    let failures = 1;
    const destination = new LocalDestination({
      root: folder,
      syncFolder: () => {
        if (failures-- <= 0) return Promise.resolve();
        return Promise.reject(Object.assign(new Error("Input/output error"), { code: "EIO" }));
      },
    });
    const file = join(await destination.stagingDir(), "part.tmp");
    await Deno.writeFile(file, bytes);
    await assert.rejects(destination.put({ file, md5: "" }, "part.csv"), { category: "network" });
    await destination.put({ file, md5: "" }, "part.csv");
    assert.deepEqual(await destination.read("part.csv"), bytes);
    await assert.rejects(destination.put({ file, md5: "" }, "part.csv"), {
      code: "DESTINATION_NOT_FOUND",
    });
    await destination.close();
  }));

Deno.test("staging: a dead owner's folder is swept, a living one's stays", () =>
  inFolder(async (root) => {
    const living = await openStaging(root);
    await Deno.writeFile(join(living.dir, "half.tmp"), bytes);
    const child = `
      import { openStaging } from ${
      JSON.stringify(import.meta.resolve("../../../../adapters/destinations/kit/staging.ts"))
    };
      const staging = await openStaging(Deno.args[0]);
      await Deno.writeFile(staging.dir + "/half.tmp", new Uint8Array(10));
      console.log(staging.dir);
      await new Promise(() => setInterval(() => {}, 1000));
    `;
    const script = join(root, "child.ts");
    await Deno.writeTextFile(script, child);
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script, root],
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const dir = (await reader.read()).value?.trim() ?? "";
    assert.ok(dir.includes(STAGING_FOLDER), dir);

    assert.equal(await sweepStaging(root), 0);
    assert.ok((await Deno.stat(dir)).isDirectory);

    process.kill("SIGKILL");
    await process.status;
    await reader.cancel();
    assert.equal(await sweepStaging(root), 1);
    await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
    assert.ok((await Deno.stat(join(living.dir, "half.tmp"))).isFile);
    await living.release();
    await assert.rejects(Deno.stat(join(root, STAGING_FOLDER)), Deno.errors.NotFound);
  }));

Deno.test("staging: many openers and sweepers at once never take each other's folder", () =>
  inFolder(async (root) => {
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const staging = await openStaging(root);
      const file = join(staging.dir, `${i}.tmp`);
      await Deno.writeFile(file, bytes);
      await sweepStaging(root);
      assert.deepEqual(await Deno.readFile(file), bytes);
      await staging.release();
    }));
  }));
