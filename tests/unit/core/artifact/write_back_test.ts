import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { writeSchedule } from "../../../../core/artifact/write_back.ts";

const TEXT = "\uFEFFexports:\r\n- name: a\r\n  table: a\r\n- {name: b}\r\n";
const ADDED = TEXT.replace("a\r\n", "a\r\n  wave: 1\r\n  parallel_safe: true\r\n")
  .replace("{name: b}", "{name: b, wave: 2, parallel_safe: false}");
const SCHEDULES = new Map([
  ["a", { wave: 1, parallelSafe: true }],
  ["b", { wave: 2, parallelSafe: false }],
]);

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytes = async (path: string) => [...await Deno.readFile(path)];
const encoded = (text: string) => [...new TextEncoder().encode(text)];

Deno.test("the file is replaced whole, byte for byte, with its mode", () =>
  inFolder(async (folder) => {
    const path = join(folder, "rivet.yaml");
    await Deno.writeTextFile(path, TEXT);
    await Deno.chmod(path, 0o640);
    equal(await writeSchedule(path, SCHEDULES), true);
    deepEqual(await bytes(path), encoded(ADDED));
    equal((await Deno.stat(path)).mode! & 0o7777, 0o640);
    deepEqual(
      [...Deno.readDirSync(folder)].map((e) => e.name),
      ["rivet.yaml"],
      "nothing is left over",
    );
  }));

Deno.test("a second plan of the same schedule does not touch the file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "rivet.yaml");
    await Deno.writeTextFile(path, ADDED);
    const { ino, mtime } = await Deno.stat(path);
    equal(await writeSchedule(path, SCHEDULES), false);
    deepEqual(await Deno.stat(path).then((s) => [s.ino, s.mtime]), [ino, mtime]);
  }));

Deno.test("a link stays a link", () =>
  inFolder(async (folder) => {
    const [real, link] = [join(folder, "real.yaml"), join(folder, "rivet.yaml")];
    await Deno.writeTextFile(real, TEXT);
    await Deno.symlink(real, link);
    equal(await writeSchedule(link, SCHEDULES), true);
    equal((await Deno.lstat(link)).isSymlink, true);
    deepEqual(await bytes(real), encoded(ADDED));
  }));

Deno.test("a file that cannot be written is no failure of the plan", () =>
  inFolder(async (folder) => {
    equal(await writeSchedule(join(folder, "none.yaml"), SCHEDULES), false);
    const latin1 = join(folder, "latin1.yaml");
    await Deno.writeFile(latin1, new Uint8Array([0x23, 0xe4, 0x0a]));
    equal(await writeSchedule(latin1, SCHEDULES), false);
    deepEqual(await bytes(latin1), [0x23, 0xe4, 0x0a]);
  }));
