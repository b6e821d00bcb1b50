/**
 * A server from another suite of Debian than this machine's: its packages come by apt-get, and run by chroot
 * where they were unpacked. Needs Debian and root.
 */
import { join } from "node:path";
import { run } from "./command.ts";
import type { Unpacked } from "./unpacked.ts";

/** Which package, of which suite. */
export interface DebianServer {
  readonly suite: string;
  readonly package: string;
  readonly daemon: "mysqld" | "mariadbd";
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** What is in `dir` already is taken as it is. */
export async function fromDebian(dir: string, server: DebianServer): Promise<Unpacked> {
  const root = join(dir, "root");
  if (!await Deno.stat(join(root, "etc", "group")).then(() => true, () => false)) {
    await unpack(dir, root, server);
    await prepare(root);
  }
  return {
    command: ["chroot", root, `/usr/sbin/${server.daemon}`],
    root,
    seenAs: "",
    share: [join(root, "usr/share/mariadb"), join(root, "usr/share/mysql")],
  };
}

/** Where this machine takes Debian's packages from. */
async function mirror(): Promise<string> {
  const sites = await run("apt-get", ["indextargets", "--format", "$(REPO_URI)"]);
  const found = sites.split("\n").find((uri) => /\/debian\/?$/.test(uri));
  if (found === undefined) throw new Error("apt-get names no Debian mirror; run apt-get update");
  return found;
}

/** Unpacks the server's package and all that it needs, the C library included. */
async function unpack(dir: string, root: string, server: DebianServer): Promise<void> {
  const sources = join(dir, "sources.list");
  await Deno.mkdir(join(dir, "lists", "partial"), { recursive: true });
  await Deno.mkdir(join(dir, "archives", "partial"), { recursive: true });
  await Deno.writeTextFile(
    sources,
    `deb [signed-by=${KEYRING}] ${await mirror()} ${server.suite} main\n`,
  );
  // No package counts as installed.
  await Deno.writeTextFile(join(dir, "status"), "");
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${join(dir, "lists")}`,
    `Dir::State::status=${join(dir, "status")}`,
    `Dir::Cache=${dir}`,
    `Dir::Cache::archives=${join(dir, "archives")}`,
    "APT::Sandbox::User=root",
    "Debug::NoLocking=1",
  ].flatMap((option) => ["-o", option]);
  await run("apt-get", [...options, "update", "-qq"]);
  const install = ["install", "-y", "-qq", "--no-install-recommends", "--download-only"];
  await run("apt-get", [...options, ...install, server.package]);
  for (const name of ["bin", "lib", "lib64", "sbin"]) {
    await Deno.mkdir(join(root, "usr", name), { recursive: true });
    await Deno.symlink(join("usr", name), join(root, name));
  }
  for await (const { name } of Deno.readDir(join(dir, "archives"))) {
    if (!name.endsWith(".deb")) continue;
    const archive = join(dir, "archives", name);
    await run("sh", [
      "-c",
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2" -f -',
      "sh",
      archive,
      root,
    ]);
  }
}

/** Devices and an account database. */
async function prepare(root: string): Promise<void> {
  for (const [name, minor] of [["null", 3], ["zero", 5], ["random", 8], ["urandom", 9]] as const) {
    await Deno.mkdir(join(root, "dev"), { recursive: true });
    await run("mknod", ["-m", "666", join(root, "dev", name), "c", "1", String(minor)]);
  }
  await Deno.mkdir(join(root, "tmp"), { recursive: true });
  await Deno.chmod(join(root, "tmp"), 0o1777);
  await Deno.mkdir(join(root, "etc"), { recursive: true });
  await Deno.writeTextFile(join(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  await Deno.writeTextFile(join(root, "etc", "group"), "root:x:0:\n");
}
