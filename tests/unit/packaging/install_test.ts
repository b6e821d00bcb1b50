/** `install.sh` against a file server with a release that is none: a script in the place of the executable. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../../install.sh", import.meta.url));
const TARGETS: Readonly<Record<string, string>> = {
  "Linux x86_64": "x86_64-unknown-linux-gnu",
  "Linux aarch64": "aarch64-unknown-linux-gnu",
  "Darwin x86_64": "x86_64-apple-darwin",
  "Darwin arm64": "aarch64-apple-darwin",
};
/** Everything that the script calls, for a PATH of nothing else. */
const TOOLS = ["sh", "uname", "find", "head", "sysctl", "curl", "wget", "sha256sum", "shasum"]
  .concat(["openssl", "cut", "mkdir", "mktemp", "rm", "awk", "chmod", "mv", "sed"]);

interface Release {
  readonly releases: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Path -> body. */
  readonly files: Map<string, string>;
}

function executable(version: string): string {
  return `#!/bin/sh\n[ "$1" = --version ] && echo "rivet ${version}"\n`;
}

/** A release with an executable for every target, each saying the version and its target. */
function publish({ files }: Release, folder: string, version: string): void {
  const sums: string[] = [];
  for (const target of Object.values(TARGETS)) {
    const body = executable(`${version} ${target}`);
    files.set(`${folder}/rivet-${target}`, body);
    sums.push(`${createHash("sha256").update(body).digest("hex")}  rivet-${target}\n`);
  }
  files.set(`${folder}/SHA256SUMS`, sums.join(""));
}

async function withRelease(body: (release: Release, dir: string) => Promise<void>): Promise<void> {
  const files = new Map<string, string>();
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    const found = files.get(pathname);
    return found === undefined ? new Response(null, { status: 404 }) : new Response(found);
  });
  const dir = await Deno.makeTempDir({ prefix: "rivet-install-" });
  const release = { releases: `http://127.0.0.1:${server.addr.port}`, asked, files };
  publish(release, "/latest/download", "2.0.0");
  publish(release, "/download/v1.0.0", "1.0.0");
  try {
    await body(release, dir);
  } finally {
    await server.shutdown();
    await Deno.chmod(dir, 0o755);
    await Deno.remove(dir, { recursive: true });
  }
}

async function which(tool: string): Promise<string | null> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = join(folder, tool);
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return null;
}

/** A folder for PATH: the tools that are there, without some, with some replaced by scripts. */
async function pathOf(
  dir: string,
  { without = [], scripts = {} }: {
    without?: readonly string[];
    scripts?: Readonly<Record<string, string>>;
  } = {},
): Promise<string> {
  const folder = await Deno.makeTempDir({ dir, prefix: "path-" });
  for (const tool of TOOLS) {
    const real = await which(tool);
    if (real === null || without.includes(tool) || tool in scripts) continue;
    await Deno.symlink(real, join(folder, tool));
  }
  for (const [name, text] of Object.entries(scripts)) {
    await Deno.writeTextFile(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  return folder;
}

async function install(env: Record<string, string>, script = SCRIPT, cwd?: string) {
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: [script],
    cwd,
    clearEnv: true,
    env,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

const unix = { ignore: Deno.build.os === "windows" };

function uname(platform: string): Readonly<Record<string, string>> {
  const [system, machine] = platform.split(" ");
  return { uname: `[ "$1" = -s ] && echo ${system} || echo ${machine}` };
}

Deno.test(
  "install.sh: every platform gets its own executable, the newest or the one that is named",
  unix,
  () =>
    withRelease(async ({ releases, asked }, dir) => {
      for (const [platform, target] of Object.entries(TARGETS)) {
        const PATH = await pathOf(dir, { scripts: uname(platform) });
        const to = join(dir, "new", "bin");
        const env = { PATH, RIVET_RELEASES: releases, RIVET_INSTALL_DIR: to };
        const newest = await install(env);
        equal(newest.code, 0, newest.err);
        match(newest.out, new RegExp(`^rivet 2\\.0\\.0 ${target} is installed: ${to}/rivet\n`));
        match(newest.out, /not in PATH; add it: export PATH=/);
        equal((await Deno.stat(join(to, "rivet"))).mode! & 0o777, 0o755);
        // Over one that is there, which nobody may see half of.
        const old = await install({ ...env, RIVET_VERSION: "v1.0.0" });
        match(old.out, /^rivet 1\.0\.0 /);
        deepEqual((await Array.fromAsync(Deno.readDir(to))).map(({ name }) => name), ["rivet"]);
      }
      ok(asked.includes("/download/v1.0.0/SHA256SUMS"));
    }),
);

Deno.test(
  "install.sh: a damaged download is refused, and what was there stays",
  unix,
  () =>
    withRelease(async ({ releases, files }, dir) => {
      const PATH = await pathOf(dir, { scripts: uname("Linux x86_64") });
      const env = { PATH, RIVET_RELEASES: releases, RIVET_INSTALL_DIR: dir };
      await Deno.writeTextFile(join(dir, "rivet"), "the old one");
      files.set("/latest/download/rivet-x86_64-unknown-linux-gnu", executable("evil"));
      const { code, err } = await install(env);
      equal(code, 1);
      match(
        err,
        /damaged, and nothing is installed\n.*\n {2}expected [0-9a-f]{64}\n {2}found {4}[0-9a-f]{64}\n/,
      );
      equal(await Deno.readTextFile(join(dir, "rivet")), "the old one");
      const left = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name);
      deepEqual(left.filter((name) => !name.startsWith("path-")), ["rivet"]);
    }),
);

Deno.test(
  "install.sh: into the machine's folder where this user may, else the user's own",
  unix,
  () =>
    withRelease(async ({ releases }, dir) => {
      const PATH = await pathOf(dir, { scripts: uname("Linux x86_64") });
      const text = await Deno.readTextFile(SCRIPT);
      const copy = join(dir, "install.sh");
      ok(text.includes("shared=/usr/local/bin\n"));
      for (const shared of [join(dir, "closed"), join(dir, "open")]) {
        await Deno.writeTextFile(copy, text.replace("shared=/usr/local/bin", `shared=${shared}`));
        const { code, out, err } = await install(
          { PATH, RIVET_RELEASES: releases, HOME: dir },
          copy,
        );
        equal(code, 0, err);
        const to = shared.endsWith("open") ? shared : join(dir, ".local", "bin");
        match(out, new RegExp(`is installed: ${to}/rivet\n`));
        await Deno.mkdir(join(dir, "open"), { recursive: true });
      }
    }),
);

Deno.test("install.sh: what is wrong is said in words", unix, async (t) => {
  const cases:
    readonly (readonly [string, Parameters<typeof pathOf>[1], Record<string, string>, RegExp])[] = [
      ["no downloader", { without: ["curl", "wget"] }, {}, /neither curl nor wget is there/],
      [
        "no checksum",
        { without: ["sha256sum", "shasum", "openssl"] },
        {},
        /no sha256sum, shasum or openssl/,
      ],
      [
        "processor",
        { scripts: uname("Linux riscv64") },
        {},
        /no executable for the processor riscv64/,
      ],
      ["system", { scripts: uname("FreeBSD amd64") }, {}, /no executable for FreeBSD/],
      [
        "no such version",
        {},
        { RIVET_VERSION: "9.9.9" },
        /cannot download .*\/v9\.9\.9\/SHA256SUMS/,
      ],
      [
        "no write access",
        {},
        { RIVET_INSTALL_DIR: "/proc/nothing" },
        /cannot make the folder \/proc\/nothing/,
      ],
      [
        "a file in the place",
        {},
        { RIVET_INSTALL_DIR: SCRIPT },
        /cannot make the folder .*install\.sh/,
      ],
    ];
  for (const [name, tools, more, said] of cases) {
    await t.step(name, () =>
      withRelease(async ({ releases }, dir) => {
        const scripts = { ...uname("Linux x86_64"), ...tools?.scripts };
        const PATH = await pathOf(dir, { ...tools, scripts });
        const env = {
          PATH,
          RIVET_RELEASES: releases,
          RIVET_INSTALL_DIR: join(dir, "bin"),
          ...more,
        };
        const { code, err } = await install(env);
        equal(code, 1);
        match(err, said);
        match(err, /^install\.sh: /m);
      }));
  }
});

Deno.test(
  "install.sh: one of several downloaders and checkers is enough",
  unix,
  () =>
    withRelease(async ({ releases }, dir) => {
      const curl = await which("curl");
      const wget = await which("wget");
      ok(curl !== null || wget !== null, "install curl or wget");
      // The other one in its words.
      const scripts: Record<string, string> = curl === null
        ? { curl: `while [ "$1" != -o ]; do shift; done; exec ${wget} -q -O "$2" "$3"` }
        : { wget: `while [ "$1" != -O ]; do shift; done; exec ${curl} -fsSL -o "$2" "$3"` };
      const hidden = curl === null ? "wget" : "curl";
      const all = ["sha256sum", "shasum", "openssl"];
      const there: string[] = [];
      for (const tool of all) if (await which(tool) !== null) there.push(tool);
      ok(there.length > 0, `install one of ${all.join(", ")}`);
      for (const checker of there) {
        const others = all.filter((tool) => tool !== checker);
        const PATH = await pathOf(dir, {
          without: [hidden, ...others],
          scripts: { ...uname("Linux x86_64"), ...scripts },
        });
        const env = { PATH, RIVET_RELEASES: releases, RIVET_INSTALL_DIR: dir };
        const { code, err } = await install(env);
        equal(code, 0, `${checker}: ${err}`);
      }
    }),
);

/** What the last line of the installer makes of PATH, to a shell. */
async function pathOfHint(out: string): Promise<string> {
  const [, hint] = /^Its folder is not in PATH; add it: (export PATH=.*)$/m.exec(out) ?? [];
  ok(hint, out);
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", `${hint}; printf %s "$PATH"`],
    clearEnv: true,
    env: { PATH: "/before" },
  }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test(
  "install.sh: a folder may have any name, and the line for PATH is one of a shell",
  unix,
  () =>
    withRelease(async ({ releases }, dir) => {
      const PATH = await pathOf(dir, { scripts: uname("Linux x86_64") });
      for (const name of ["mein Ordner ü", "it's $HOME", '"x`y', "-x", "plain"]) {
        const env = { PATH, RIVET_RELEASES: releases, RIVET_INSTALL_DIR: name };
        const { code, out, err } = await install(env, SCRIPT, dir);
        equal(code, 0, err);
        ok((await Deno.stat(join(dir, name, "rivet"))).isFile, name);
        equal(await pathOfHint(out), `${join(dir, name)}:/before`);
      }
    }),
);

Deno.test(
  "install.sh: an older one that comes first in PATH is named",
  unix,
  () =>
    withRelease(async ({ releases }, dir) => {
      const tools = await pathOf(dir, {
        scripts: { ...uname("Linux x86_64"), rivet: "echo rivet 0.0.1" },
      });
      const to = join(dir, "new");
      const env = { RIVET_RELEASES: releases, RIVET_INSTALL_DIR: to };
      const after = await install({ ...env, PATH: `${tools}:${to}` });
      match(after.out, new RegExp(`\nAnother one comes first in PATH: ${tools}/rivet\n$`));
      const before = await install({ ...env, PATH: `${to}:${tools}` });
      match(before.out, /is installed: .*\n$/);
    }),
);

Deno.test(
  "install.sh: a folder in the executable's place is refused",
  unix,
  () =>
    withRelease(async ({ releases }, dir) => {
      const PATH = await pathOf(dir, { scripts: uname("Linux x86_64") });
      await Deno.mkdir(join(dir, "bin", "rivet"), { recursive: true });
      const env = { PATH, RIVET_RELEASES: releases, RIVET_INSTALL_DIR: join(dir, "bin") };
      const { code, err } = await install(env);
      equal(code, 1);
      match(err, /there is a folder in the executable's place: .*\/bin\/rivet\n/);
      deepEqual(await Array.fromAsync(Deno.readDir(join(dir, "bin", "rivet"))), []);
    }),
);

Deno.test(
  "install.sh: an executable that does not start, and a full disk, are told as such",
  unix,
  () =>
    withRelease(async ({ releases, files }, dir) => {
      const body = "#!/bin/sh\necho 'version GLIBC_2.99 not found' >&2\nexit 1\n";
      const folder = "/download/v3.0.0";
      files.set(`${folder}/rivet-x86_64-unknown-linux-gnu`, body);
      const sum = createHash("sha256").update(body).digest("hex");
      files.set(`${folder}/SHA256SUMS`, `${sum}  rivet-x86_64-unknown-linux-gnu\n`);
      const to = join(dir, "bin");
      const env = { RIVET_RELEASES: releases, RIVET_INSTALL_DIR: to, RIVET_VERSION: "3.0.0" };
      const scripts = uname("Linux x86_64");
      const old = await install({ ...env, PATH: await pathOf(dir, { scripts }) });
      match(old.err, /does not start here\n {2}version GLIBC_2\.99 not found\n/);
      for (const [name, code] of [["curl", 23], ["wget", 3]] as const) {
        const without = name === "wget" ? ["curl"] : [];
        const full = { without, scripts: { ...scripts, [name]: `exit ${code}` } };
        const { err } = await install({ ...env, PATH: await pathOf(dir, full) });
        match(err, /cannot write what is downloaded into .*\n {2}Is its disk full\?\n/);
      }
      deepEqual(await Array.fromAsync(Deno.readDir(to)), []);
    }),
);

Deno.test("install.sh: a download that ends early is not installed", unix, async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096)).catch(() => null);
      const text = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + "0".repeat(64) + "  rivet";
      await connection.write(new TextEncoder().encode(text)).catch(() => 0);
      connection.close();
    }
  })();
  const dir = await Deno.makeTempDir({ prefix: "rivet-install-" });
  try {
    // Waits between the tries are the downloader's own.
    const curl = await which("curl");
    ok(curl, "install curl");
    const scripts = { ...uname("Linux x86_64"), curl: `exec ${curl} "$@" --retry 0` };
    const { code, err } = await install({
      PATH: await pathOf(dir, { scripts }),
      RIVET_RELEASES: `http://127.0.0.1:${listener.addr.port}`,
      RIVET_INSTALL_DIR: join(dir, "bin"),
    });
    equal(code, 1);
    match(err, /^install\.sh: cannot download /m);
    deepEqual(await Array.fromAsync(Deno.readDir(join(dir, "bin"))), []);
  } finally {
    listener.close();
    await answering;
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("install.sh: a script that was cut off on its way does nothing", unix, async () => {
  const text = await Deno.readTextFile(SCRIPT);
  for (const part of [0.3, 0.6, 0.97]) {
    const child = new Deno.Command("/bin/sh", {
      args: ["-s"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", RIVET_RELEASES: "http://127.0.0.1:1", HOME: "/nonexistent" },
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text.slice(0, text.length * part)));
    await writer.close();
    equal((await child.output()).stdout.length, 0);
  }
});
