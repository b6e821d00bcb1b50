/** A server whose programs for Linux on x64 lie in an artifact of Maven. Needs `mvn`, `unzip` and `tar`. */
import { join } from "node:path";
import { run } from "./command.ts";
import type { Unpacked } from "./unpacked.ts";

/** Which artifact, and what in it. */
export interface MavenServer {
  /** `group:artifact:version` */
  readonly artifact: string;
  /** An archive within the artifact; null: its files lie open. */
  readonly archive: string | null;
  /** Where the server's folders are, within the archive or the artifact. */
  readonly folder: string;
  readonly daemon: string;
}

const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";

/** What is in `dir` already is taken as it is. */
export async function fromMaven(dir: string, server: MavenServer): Promise<Unpacked> {
  const home = join(dir, "home");
  const root = join(home, server.folder);
  const daemon = join(root, "bin", server.daemon);
  if (!await Deno.stat(daemon).then(() => true, () => false)) await unpack(dir, home, server);
  await Deno.chmod(daemon, 0o755);
  return {
    command: [
      "env",
      `LD_LIBRARY_PATH=${join(root, "lib")}:${join(root, "libs")}`,
      daemon,
      "--no-defaults",
      `--basedir=${root}`,
      `--lc-messages-dir=${join(root, "share")}`,
    ],
    root,
    seenAs: root,
    share: [join(root, "share")],
  };
}

async function unpack(dir: string, home: string, server: MavenServer): Promise<void> {
  const { artifact, archive } = server;
  await Deno.mkdir(home, { recursive: true });
  const to = `-DoutputDirectory=${dir}`;
  await run("mvn", ["-q", `${PLUGIN}:get`, "-Dtransitive=false", `-Dartifact=${artifact}`]);
  await run("mvn", ["-q", `${PLUGIN}:copy`, `-Dartifact=${artifact}`, to]);
  const [, name, version] = artifact.split(":");
  const jar = join(dir, `${name}-${version}.jar`);
  if (archive === null) await run("unzip", ["-q", "-o", jar, "-d", home]);
  else {
    await run("unzip", ["-q", "-o", jar, archive, "-d", dir]);
    await run("tar", ["-xzf", join(dir, archive), "-C", home]);
  }
}
