/**
 * Folders that soon are full: a file system of a few MB or a few inodes where this user may mount one; else
 * a limit on the size of files, which a process meets at its writes just the same.
 */
import { endOf } from "./pulse.ts";
import { type CliResult, MAIN } from "./rivet.ts";

export interface Shortage {
  /** Runs `rivet ARGS` where room is short. */
  rivet(args: readonly string[], options: CliOptions): Promise<CliResult>;
  /** From now on there is room. */
  grow(): Promise<void>;
  end(): Promise<void>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Record<string, string>;
}

export interface Room {
  readonly kilobytes: number;
  readonly inodes?: number;
}

async function mount(...args: string[]): Promise<boolean> {
  try {
    const child = new Deno.Command("mount", {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    return (await endOf(child.spawn())).success;
  } catch {
    return false;
  }
}

async function unmount(dir: string): Promise<void> {
  const child = new Deno.Command("umount", {
    args: ["-l", dir],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  });
  await endOf(child.spawn());
}

/** Whether a file system can be mounted here. */
export async function mayMount(): Promise<boolean> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-mount-" });
  const may = await mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", dir);
  if (may) await unmount(dir);
  await Deno.remove(dir);
  return may;
}

/** What is short in `dir`, which exists; without mounting, in every file that the tool writes. */
export async function shortage(dir: string, room: Room, mounting: boolean): Promise<Shortage> {
  return mounting ? await smallFileSystem(dir, room) : smallFiles(room);
}

async function smallFileSystem(dir: string, { kilobytes, inodes }: Room): Promise<Shortage> {
  const limit = inodes === undefined ? "" : `,nr_inodes=${inodes}`;
  const made = await mount(
    "-t",
    "tmpfs",
    "-o",
    `size=${kilobytes}k${limit},mode=0777`,
    "tmpfs",
    dir,
  );
  if (!made) throw new Error(`no file system can be mounted at ${dir}`);
  return {
    rivet: (args, options) => limited(null, args, options),
    async grow() {
      const grown = await mount("-o", "remount,size=256m,nr_inodes=100000", dir);
      if (!grown) throw new Error(`the file system at ${dir} does not grow`);
    },
    end: () => unmount(dir),
  };
}

function smallFiles({ kilobytes }: Room): Shortage {
  let limit: number | null = kilobytes;
  return {
    rivet: (args, options) => limited(limit, args, options),
    grow: () => Promise.resolve(void (limit = null)),
    end: () => Promise.resolve(),
  };
}

/** The signal that comes with the limit is ignored, so that the write fails as on a full disk. */
async function limited(
  kilobytes: number | null,
  args: readonly string[],
  { cwd, env }: CliOptions,
): Promise<CliResult> {
  // In blocks of 512 bytes (POSIX).
  const limit = kilobytes === null ? "" : `trap '' XFSZ; ulimit -f ${kilobytes * 2}; `;
  const child = new Deno.Command("sh", {
    args: ["-c", `${limit}exec "$@"`, "sh", Deno.execPath(), "run", "-A", "--no-check", MAIN]
      .concat(args),
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await endOf(child.spawn());
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
