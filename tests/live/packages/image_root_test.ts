/**
 * The image's file system as its recipe lays it out, and the program in it as an engine would start it: the
 * files of the base that it needs and no others, a root nobody writes to, a user without a name, the first process.
 *
 * Executables cannot be linked where their runtime is not to be had, so Deno and the bundle lie in the
 * executable's place: it is the same runtime and asks for the same libraries.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeBundle } from "../../../packaging/bundle.ts";
import {
  ended,
  exportsEverywhere,
  exportsInProcesses,
  onlyChild,
  type Program,
  SOURCE,
  spawn,
  stopsAtSafePoint,
  withShop,
} from "./packaged.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** What distroless/cc has of glibc and GCC; a library that is not here is not in the image. */
const BASE = ["libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0"]
  .concat(["librt.so.1"]);
/** The commands of whoever stands in for the engine are its own; a container has Docker's few devices. */
const ENGINE = `set -e
root=$1 user=$2 work=$PWD
shift 2
mount --bind "$root" "$root"
cd /
mount -o remount,ro,bind "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$work" "$root/work"
mount -t proc proc "$root/proc"
for device in null zero random urandom; do mount --bind "/dev/$device" "$root/dev/$device"; done
for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z_0-9]*\\)=.*/\\1/p'); do
  case $name in SHOP_URL | S3_* | NO_COLOR | PATH | WORKDIR) ;; *) unset "$name" ;; esac
done
export DENO_DIR=/tmp/deno
exec unshare --root="$root" --wd="$WORKDIR" $user "$@"
`;

interface Recipe {
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly user: string;
  readonly workdir: string;
  readonly entry: readonly string[];
}

/** The last stage of the Dockerfile. */
async function recipe(): Promise<Recipe> {
  const text = (await Deno.readTextFile(join(ROOT, "Dockerfile"))).replaceAll("\\\n", " ");
  const lines = text.slice(text.lastIndexOf("\nFROM ")).split("\n");
  const all = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return {
    copies: all("COPY").map((line) => {
      const [from, to] = line.split(" ").filter((part) => !part.startsWith("--"));
      return { from, to };
    }),
    user: all("USER")[0],
    workdir: all("WORKDIR")[0],
    entry: JSON.parse(all("ENTRYPOINT")[0]),
  };
}

/** Name -> path of the libraries that a program asks for, and the loader's path. */
async function libraries(program: string): Promise<{ loader: string; found: Map<string, string> }> {
  const { stdout } = await new Deno.Command("ldd", { args: [program] }).output();
  const text = new TextDecoder().decode(stdout);
  const found = new Map([...text.matchAll(/^\s*(\S+) => (\/\S+)/gm)].map(([, n, p]) => [n, p]));
  const loader = /^\s*(\/\S+) \(/m.exec(text)?.[1];
  ok(loader, text);
  return { loader, found };
}

async function copyInto(root: string, from: string, to = from): Promise<void> {
  await Deno.mkdir(dirname(join(root, to)), { recursive: true });
  await Deno.copyFile(from, join(root, to));
}

async function layOut(root: string, { copies, workdir, entry }: Recipe): Promise<void> {
  const { loader, found } = await libraries(Deno.execPath());
  deepEqual([...found.keys()].sort(), BASE);
  await copyInto(root, loader);
  for (const path of found.values()) await copyInto(root, path);
  for (const folder of ["tmp", "proc", "dev", workdir.slice(1)]) {
    await Deno.mkdir(join(root, folder), { recursive: true });
  }
  for (const device of ["null", "zero", "random", "urandom"]) {
    await Deno.writeTextFile(join(root, "dev", device), "");
  }
  const built: Record<string, (to: string) => Promise<void>> = {
    "LICENSE": (to) => copyInto(root, join(ROOT, "LICENSE"), to),
    "/out/rivet.cdx.json": (to) => copyInto(root, join(ROOT, "deno.json"), to),
    "/out/rivet": (to) => copyInto(root, Deno.execPath(), to),
    "/out/work": (to) => Deno.mkdir(join(root, to), { recursive: true }),
  };
  for (const { from, to } of copies) {
    ok(from in built, `${from} is new in the image: say what it is here`);
    await built[from](to);
  }
  equal((await Deno.stat(join(root, entry[0]))).isFile, true);
  await writeBundle({ folder: join(root, "program"), visible: false });
}

/** How to be the engine: as root, else as the root of one's own namespace; null where neither is allowed. */
function engine(): readonly [string, ...string[]] | null {
  if (Deno.build.os !== "linux") return null;
  const apart = ["unshare", ...Deno.uid() === 0 ? [] : ["--user", "--map-root-user"]] as const;
  const command = [...apart, "--mount", "--pid", "--fork", "--kill-child"] as const;
  try {
    const args = [...command.slice(1), "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    const tried = new Deno.Command(command[0], { args }).outputSync();
    return tried.success ? command as readonly [string, ...string[]] : null;
  } catch {
    return null;
  }
}

const isolated = engine();
if (isolated === null) {
  console.log("the image's file system needs Linux, and root or namespaces of one's own (unshare)");
}

async function withImage(body: (program: Program) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "rivet-image-root-" });
  try {
    const made = await recipe();
    await layOut(root, made);
    await Deno.chmod(root, 0o755);
    const [uid, gid] = made.user.split(":");
    ok(Number(uid) > 0 && Number(gid) > 0, "the image is not root's");
    // In a namespace of one's own there is no other user to become.
    const become = Deno.uid() === 0;
    const user = become ? `--setgid=${gid} --setuid=${uid}` : "";
    const start = [...made.entry, "run", "-A", "--no-config", "/program/main.js"];
    await body({
      command: [...isolated!, "sh", "-c", ENGINE, "sh", root, user, ...start] as [string],
      env: { WORKDIR: made.workdir },
      prepare: async (folder) => {
        if (become) await Deno.chown(folder, Number(uid), Number(gid));
      },
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function writesNowhereElse(program: Program): Promise<void> {
  await withShop(async ({ folder, env }) => {
    await program.prepare?.(folder);
    await Deno.writeTextFile(
      join(folder, "rivet.yaml"),
      `${SOURCE}exports: [{name: t, table: t, destination: {type: local, path: /elsewhere}}]\n`,
    );
    const { code, err } = await ended(spawn(program, ["run", "-c", "rivet.yaml"], folder, env));
    equal(code, 1, err);
    match(err, /[Rr]ead-only file system/);
  });
}

Deno.test({
  name: "image: its files are enough, it writes nowhere else, and its first process hears SIGTERM",
  ignore: isolated === null,
  fn: () =>
    withImage(async (program) => {
      await exportsEverywhere(program);
      await exportsInProcesses(program);
      await writesNowhereElse(program);
      await stopsAtSafePoint(program, (child) => onlyChild(child.pid));
    }),
});
