import assert from "node:assert/strict";
import { join } from "node:path";
import { LocalDestination } from "../../../../../adapters/destinations/local.ts";
import {
  distrust,
  openStaging,
  STAGING_FOLDER,
  sweepStaging,
} from "../../../../../adapters/destinations/kit/staging.ts";
import { DestinationError } from "../../../../../core/base/errors.ts";
import { openStagedFile } from "../../../../../core/encode/staged_file.ts";
import { putFile } from "../../../../conformance/destination.ts";

const bytes = new TextEncoder().encode("body");

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rivet-staging-" }));
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Folders as a sweep might mistake them for its own: with an unlocked `lock`, empty, with files. */
async function makeVictim(victim: string): Promise<void> {
  await Deno.mkdir(join(victim, "proj", "src"), { recursive: true });
  await Deno.writeTextFile(join(victim, "proj", "lock"), "");
  await Deno.writeTextFile(join(victim, "proj", "src", "main.c"), "int main;");
  await Deno.mkdir(join(victim, "empty"));
  await Deno.mkdir(join(victim, crypto.randomUUID()));
}

async function tree(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    found.push(entry.name);
    if (!entry.isDirectory) continue;
    for (const inner of await tree(join(folder, entry.name))) found.push(`${entry.name}/${inner}`);
  }
  return found.sort();
}

function refused(named: string) {
  return (error: unknown) => {
    assert.ok(error instanceof DestinationError, String(error));
    assert.equal(error.code, "DESTINATION_UNWRITABLE");
    assert.ok(error.message.includes(named), error.message);
    assert.notEqual(error.hint, undefined);
    return true;
  };
}

Deno.test("staging: a link in its place is refused, and nothing behind it is touched", () =>
  inFolder(async (folder) => {
    const [root, victim] = [join(folder, "out"), join(folder, "victim")];
    await makeVictim(victim);
    await Deno.mkdir(root);
    await Deno.symlink("../victim", join(root, STAGING_FOLDER));
    const before = await tree(victim);

    assert.equal(await sweepStaging(root), 0);
    await assert.rejects(openStaging(root), refused(STAGING_FOLDER));
    const destination = new LocalDestination({ root });
    await assert.rejects(putFile(destination, "part.csv", bytes), refused(STAGING_FOLDER));
    await destination.close();

    assert.deepEqual(await tree(victim), before);
    assert.ok((await Deno.lstat(join(root, STAGING_FOLDER))).isSymlink);
  }));

Deno.test("staging: a sweep removes only what carries its marker", () =>
  inFolder(async (root) => {
    const parent = join(root, STAGING_FOLDER);
    await makeVictim(parent);
    // The marker of another folder, a link to a marked folder, and a marker that is a link.
    const living = await openStaging(root);
    const marker = await Deno.readTextFile(join(living.dir, "lock"));
    await living.release();
    const copied = join(parent, crypto.randomUUID());
    await Deno.mkdir(copied);
    await Deno.writeTextFile(join(copied, "lock"), marker);
    const elsewhere = join(root, crypto.randomUUID());
    const name = crypto.randomUUID();
    await Deno.mkdir(elsewhere);
    await Deno.writeTextFile(
      join(elsewhere, "lock"),
      marker.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, name),
    );
    await Deno.writeTextFile(join(elsewhere, "kept"), "");
    await Deno.symlink(elsewhere, join(parent, name));
    const other = crypto.randomUUID();
    await Deno.mkdir(join(parent, other));
    await Deno.writeTextFile(join(root, "m"), marker.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, other));
    await Deno.symlink(join(root, "m"), join(parent, other, "lock"));
    const before = await tree(root);

    assert.equal(await sweepStaging(root), 0);
    assert.deepEqual(await tree(root), before);
  }));

Deno.test("staging: what a sweep finds inside a marked folder is unlinked, never walked into", () =>
  inFolder(async (root) => {
    const victim = join(root, "victim");
    await makeVictim(victim);
    const before = await tree(victim);
    const { dir } = await killedOwner(root);
    await Deno.writeFile(join(dir, "half.tmp"), bytes);
    await Deno.symlink(victim, join(dir, "link"));
    assert.equal(await sweepStaging(root), 1);
    await assert.rejects(Deno.lstat(dir), Deno.errors.NotFound);
    assert.deepEqual(await tree(victim), before);

    const second = await killedOwner(root);
    await makeVictim(join(second.dir, "folder"));
    assert.equal(await sweepStaging(root), 0);
    assert.ok((await Deno.lstat(join(second.dir, "folder", "proj", "src", "main.c"))).isFile);
    assert.ok((await Deno.lstat(join(second.dir, "lock"))).isFile);
  }));

/** A staging folder whose owner is gone without a word. */
async function killedOwner(root: string): Promise<{ dir: string }> {
  const module = import.meta.resolve("../../../../../adapters/destinations/kit/staging.ts");
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { openStaging } from ${JSON.stringify(module)};
       console.log((await openStaging(${JSON.stringify(root)})).dir);
       Deno.exit(0);`,
    ],
  }).output();
  return { dir: new TextDecoder().decode(stdout).trim() };
}

Deno.test("staging: folders are the user's alone, also with umask 0 and when they were there", () =>
  inFolder(async (root) => {
    if (Deno.build.os === "windows") return;
    const parent = join(root, STAGING_FOLDER);
    const mode = async (path: string) => ((await Deno.lstat(path)).mode ?? 0) & 0o777;
    const umask = Deno.umask(0);
    try {
      const first = await openStaging(root);
      assert.equal(await mode(parent), 0o700);
      assert.equal(await mode(first.dir), 0o700);
      assert.equal(await mode(join(first.dir, "lock")), 0o600);
      await Deno.chmod(parent, 0o777);
      const second = await openStaging(root);
      assert.equal(await mode(parent), 0o700);
      await first.release();
      await second.release();
    } finally {
      Deno.umask(umask);
    }
  }));

Deno.test("staging: a folder of somebody else is refused and left as it is", () =>
  inFolder(async (root) => {
    const own = await Deno.lstat(root);
    assert.equal(distrust(own, own), null);
    assert.match(distrust({ ...own, uid: (own.uid ?? 0) + 1 }, own) ?? "", /somebody else/);
    // Only root can make a folder somebody else's.
    if (Deno.uid() !== 0) return;
    const parent = join(root, STAGING_FOLDER);
    await makeVictim(parent);
    await Deno.chown(parent, 65534, 65534);
    const before = await tree(parent);
    await assert.rejects(openStaging(root), refused("somebody else"));
    assert.equal(await sweepStaging(root), 0);
    assert.deepEqual(await tree(parent), before);
  }));

Deno.test("local destination: rows are the user's alone until they are final", () =>
  inFolder(async (root) => {
    if (Deno.build.os === "windows") return;
    const mode = async (path: string) => ((await Deno.lstat(path)).mode ?? 0) & 0o777;
    const umask = Deno.umask(0o027);
    try {
      const destination = new LocalDestination({ root });
      const staged = join(await destination.stagingDir(), "part.0");
      const sink = openStagedFile(staged);
      sink.write(bytes);
      assert.equal(await mode(staged), 0o600);
      sink.finish(1);
      await destination.put({ file: staged, md5: "" }, "part.csv");
      assert.equal(await mode(join(root, "part.csv")), 0o640);
      await destination.close();
    } finally {
      Deno.umask(umask);
    }
  }));

Deno.test("local destination: a linked folder below it is neither written to nor moved from", () =>
  inFolder(async (folder) => {
    const [root, victim] = [join(folder, "out"), join(folder, "victim")];
    await makeVictim(victim);
    await Deno.mkdir(root);
    for (const name of ["_quarantine", "orders"]) {
      await Deno.symlink("../victim", join(root, name));
    }
    const before = await tree(victim);
    const destination = new LocalDestination({ root });
    await putFile(destination, "part.csv", bytes);
    await assert.rejects(destination.move("part.csv", "_quarantine/r/part.csv"), refused("link"));
    await assert.rejects(destination.move("orders/proj/lock", "moved"), refused("link"));
    await assert.rejects(putFile(destination, "orders/deep/part.csv", bytes), refused("link"));
    await assert.rejects(destination.replace(bytes, "orders/manifest.json"), refused("link"));
    await destination.close();
    assert.deepEqual(await tree(victim), before);
    assert.deepEqual(await destination.read("part.csv"), bytes);
  }));

Deno.test("local destination: a file that is a link is replaced, not written through", () =>
  inFolder(async (folder) => {
    const [root, victim] = [join(folder, "out"), join(folder, "victim.txt")];
    await Deno.mkdir(root);
    await Deno.writeTextFile(victim, "mine");
    await Deno.symlink("../victim.txt", join(root, "manifest.json"));
    const destination = new LocalDestination({ root });
    await destination.replace(bytes, "manifest.json");
    await destination.close();
    assert.equal(await Deno.readTextFile(victim), "mine");
    assert.deepEqual(await Deno.readFile(join(root, "manifest.json")), bytes);
  }));

Deno.test("local destination: the folder itself may be a link", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "disk"));
    await Deno.symlink("disk", join(folder, "out"));
    const destination = new LocalDestination({ root: join(folder, "out") });
    await putFile(destination, "a/part.csv", bytes);
    await destination.close();
    assert.deepEqual(await tree(join(folder, "disk")), ["a", "a/part.csv"]);
  }));
