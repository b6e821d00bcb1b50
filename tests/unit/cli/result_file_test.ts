import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { reserveFile } from "../../../cli/result_file.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rivet-result-" }));
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function write(path: string, text: string): Promise<void> {
  const file = await reserveFile(path);
  await file.commit(text);
  await file.discard();
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.lstat(path)).mode ?? 0) & 0o7777;
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("result file: a new one is its user's alone, an old one keeps its mode", () =>
  inFolder(async (folder) => {
    const umask = Deno.umask(0);
    try {
      const path = join(folder, "sub", "plan.json");
      await write(path, "one");
      equal(await modeOf(path), 0o600);
      await Deno.chmod(path, 0o664);
      Deno.umask(0o077);
      await write(path, "two");
      equal(await modeOf(path), 0o664);
      equal(await Deno.readTextFile(path), "two");
    } finally {
      Deno.umask(umask);
    }
  }));

Deno.test("result file: a link stays a link to the file that is replaced", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "real"));
    await Deno.writeTextFile(join(folder, "real", "file"), "old", { mode: 0o640 });
    await Deno.symlink("real/file", join(folder, "link"));
    await write(join(folder, "link"), "new");
    equal((await Deno.lstat(join(folder, "link"))).isSymlink, true);
    equal(await Deno.readTextFile(join(folder, "real", "file")), "new");
    equal(await modeOf(join(folder, "real", "file")), 0o640);
    deepEqual(names(join(folder, "real")), ["file"]);

    await Deno.symlink("nowhere", join(folder, "dangling"));
    await rejects(reserveFile(join(folder, "dangling")), {
      code: "DESTINATION_UNWRITABLE",
      message: /leads nowhere/,
    });
    await Deno.symlink("real", join(folder, "to-folder"));
    await rejects(reserveFile(join(folder, "to-folder")), { message: /is a directory/ });
    deepEqual(names(folder), ["dangling", "link", "real", "to-folder"]);
  }));

Deno.test("result file: a pipe is written to and stays one", () =>
  inFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    equal((await new Deno.Command("mkfifo", { args: [pipe] }).output()).code, 0);
    const reading = Deno.readTextFile(pipe);
    await write(pipe, "through");
    equal(await reading, "through");
    equal((await Deno.lstat(pipe)).isFifo, true);
    deepEqual(names(folder), ["pipe"]);
  }));

Deno.test("result file: a device stays one", async () => {
  await write("/dev/null", "nothing");
  equal((await Deno.lstat("/dev/null")).isCharDevice, true);
});

Deno.test("result file: /dev/stdout is where the shell says, and what is there stays", () =>
  inFolder(async (folder) => {
    const module = import.meta.resolve("../../../cli/result_file.ts");
    const code = `import { reserveFile } from ${JSON.stringify(module)};
      const file = await reserveFile("/dev/stdout");
      await file.commit("result\\n");`;
    const out = join(folder, "out");
    const script = 'echo before > "$1"; "$2" eval "$3" >> "$1"; echo after >> "$1"';
    const { code: status, stderr } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", out, Deno.execPath(), code],
    }).output();
    equal(status, 0, new TextDecoder().decode(stderr));
    equal(await Deno.readTextFile(out), "before\nresult\nafter\n");
    deepEqual(names(folder), ["out"]);
  }));

Deno.test("result file: what is not committed leaves nothing and changes nothing", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeTextFile(path, "old");
    const file = await reserveFile(path);
    equal(names(folder).length, 2);
    await file.discard();
    deepEqual(names(folder), ["file"]);
    equal(await Deno.readTextFile(path), "old");
  }));

Deno.test({
  name: "result file: a full disk is said to be one, without the temporary name",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    rejects(write("/dev/full", "text"), {
      code: "DESTINATION_FULL",
      message: "cannot write /dev/full: No space left on device",
      hint: "Free space (or quota) there, or choose a path on another disk.",
    }),
});
