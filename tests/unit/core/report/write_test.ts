import assert from "node:assert/strict";
import { join } from "node:path";
import { RivetError, serializeError } from "../../../../core/base/errors.ts";
import { registerSecret } from "../../../../core/base/redact.ts";
import { writeRunReport } from "../../../../core/report/write.ts";
import type { PartRecord } from "../../../../core/manifest/parts.ts";
import { fakeSummary } from "../../cli/fakes.ts";

const part = (path: string, status?: PartRecord["status"]): PartRecord => ({
  path,
  rows: 1,
  sizeBytes: 2,
  fingerprint: "xxh3:0000000000000000",
  md5: "x",
  chunkIndex: null,
  ...(status === undefined ? {} : { status }),
});

Deno.test("run report: JSON lists every part, the page those that are the data", async () => {
  const dir = await Deno.makeTempDir();
  try {
    registerSecret("hunter2hunter2");
    const error = serializeError(
      new RivetError("SOURCE_QUERY", "it said hunter2hunter2 | and more", { hint: "Look." }),
    );
    const summary = fakeSummary({ status: "failed", error, quality: ["a | b"] });
    await writeRunReport(dir, summary, [part("old.parquet", "superseded"), part("new.parquet")]);
    const folder = join(dir, ".rivet", "runs", summary.runId);
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(folder))).map((e) => e.name).sort(),
      ["summary.json", "summary.md"],
    );
    const json = JSON.parse(await Deno.readTextFile(join(folder, "summary.json")));
    assert.deepEqual(
      json.parts.map((p: { path: string; status: string }) => [p.path, p.status]),
      [["old.parquet", "superseded"], ["new.parquet", "committed"]],
    );
    assert.equal(json.run_id, summary.runId);
    const page = await Deno.readTextFile(join(folder, "summary.md"));
    assert.match(page, /^# orders: failed\n/);
    assert.match(page, /\| new\.parquet \| 1 \| 2 \|/);
    assert.ok(!page.includes("old.parquet"));
    assert.match(page, /\| quality \| a \\\| b \|/);
    assert.ok(!`${page}${JSON.stringify(json)}`.includes("hunter2hunter2"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("run report: folders and files are the user's alone, and no link is followed", async () => {
  const dir = await Deno.makeTempDir();
  const umask = Deno.umask(0);
  try {
    const summary = fakeSummary({});
    await Deno.mkdir(join(dir, "victim"));
    for (const [folders, link] of [[[], ".rivet"], [[".rivet"], ".rivet/runs"]] as const) {
      for (const folder of folders) await Deno.mkdir(join(dir, folder));
      await Deno.symlink(join(dir, "victim"), join(dir, link));
      await assert.rejects(writeRunReport(dir, summary, []), {
        code: "DESTINATION_UNWRITABLE",
        message: /is a link/,
      });
      await Deno.remove(join(dir, link));
      for (const folder of folders) await Deno.remove(join(dir, folder));
    }
    assert.deepEqual([...Deno.readDirSync(join(dir, "victim"))], []);

    await writeRunReport(dir, summary, []);
    const mode = (path: string) => (Deno.lstatSync(join(dir, path)).mode ?? 0) & 0o777;
    const run = `.rivet/runs/${summary.runId}`;
    for (const folder of [".rivet", ".rivet/runs", run]) assert.equal(mode(folder), 0o700, folder);
    for (const file of ["summary.json", "summary.md"]) assert.equal(mode(`${run}/${file}`), 0o600);

    // A link in a file's place is replaced, not written through.
    await Deno.writeTextFile(join(dir, "victim", "file"), "mine");
    await Deno.remove(join(dir, run, "summary.md"));
    await Deno.symlink(join(dir, "victim", "file"), join(dir, run, "summary.md"));
    await writeRunReport(dir, summary, []);
    assert.equal(await Deno.readTextFile(join(dir, "victim", "file")), "mine");

    for (const runId of ["../../../x", "..", "a/b", ""]) {
      await assert.rejects(writeRunReport(dir, { ...summary, runId }, []), {
        message: /cannot name a file or folder/,
      });
    }
  } finally {
    Deno.umask(umask);
    await Deno.remove(dir, { recursive: true });
  }
});
