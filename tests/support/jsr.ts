/**
 * A registry that speaks JSR's protocol: `deno publish` sends it the package, rewritten as it does for
 * everyone, and `deno run jsr:...` loads it from there.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PUBLISHED = { id: "00000000-0000-0000-0000-000000000001", status: "success", error: null };

export interface JsrRegistry {
  /** What JSR_URL is set to. */
  readonly url: string;
  /** Publishes the package of the folder. Returns what `deno publish` said. */
  publish(folder?: string): Promise<string>;
  /** Offers a version that nobody published: path -> text. */
  offer(version: string, files: Readonly<Record<string, string>>): void;
  /** Paths of the files of a version, sorted. */
  files(version: string): string[];
  text(version: string, path: string): string;
  stop(): Promise<void>;
}

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

async function filesBelow(
  folder: string,
  prefix = "",
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const found = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (!isDirectory) found.set(prefix + name, await Deno.readFile(path));
    else for (const entry of await filesBelow(path, `${prefix}${name}/`)) found.set(...entry);
  }
  return found;
}

async function unpacked(archive: Uint8Array): Promise<Files> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-jsr-" });
  try {
    const tar = new Deno.Command("tar", { args: ["xzf", "-", "-C", folder], stdin: "piped" })
      .spawn();
    const writer = tar.stdin.getWriter();
    await writer.write(archive);
    await writer.close();
    const { success } = await tar.status;
    if (!success) throw new Error("what was published is no archive");
    return await filesBelow(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function manifestOf(files: Files) {
  const entries: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    entries[`/${path}`] = { size: bytes.length, checksum: `sha256-${hash.toHex()}` };
  }
  const config = JSON.parse(new TextDecoder().decode(files.get("deno.json")));
  return { manifest: entries, exports: { ".": config.exports } };
}

const missing = (code: string) => Response.json({ code, message: code }, { status: 404 });

/** @param name of the package, `@scope/name`. */
export function startJsr(name: string): JsrRegistry {
  const versions = new Map<string, Files>();
  const api = new RegExp(`^/api/scopes/[^/]+/packages/[^/]+/versions/(?<version>[^/]+)$`);
  const file = new RegExp(`^/${name}/(?<version>[^/]+)/(?<path>.+)$`);

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const asked = api.exec(pathname)?.groups;
    if (asked !== undefined && request.method === "POST") {
      versions.set(asked.version, await unpacked(new Uint8Array(await request.arrayBuffer())));
      return Response.json(PUBLISHED);
    }
    if (asked !== undefined) return missing("packageVersionNotFound");
    if (pathname.startsWith("/api/scopes/")) return Response.json({});
    if (pathname === `/${name}/meta.json`) {
      const all = [...versions.keys()];
      const known = Object.fromEntries(all.map((version) => [version, {}]));
      return Response.json({ latest: all.at(-1), versions: known });
    }
    const [, meta] = /\/([^/]+)_meta\.json$/.exec(pathname) ?? [];
    const described = versions.get(meta ?? "");
    if (described !== undefined) return Response.json(await manifestOf(described));
    const { version = "", path = "" } = file.exec(pathname)?.groups ?? {};
    const bytes = versions.get(version)?.get(path);
    if (bytes === undefined) return missing("notFound");
    return new Response(bytes, { headers: { "content-type": "text/typescript" } });
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const known = (version: string): Files => {
    const files = versions.get(version);
    if (files === undefined) throw new Error(`${name}@${version} was not published`);
    return files;
  };
  return {
    url,
    async publish(folder = ROOT) {
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["publish", "--token", "test", "--allow-dirty", "--no-check", "--no-provenance"],
        cwd: folder,
        env: { JSR_URL: url, NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      if (!success) throw new Error(`deno publish failed:\n${said}`);
      return said;
    },
    offer(version, files) {
      const bytes = (text: string) => new TextEncoder().encode(text);
      versions.set(
        version,
        new Map(Object.entries(files).map(([path, text]) => [path, bytes(text)])),
      );
    },
    files: (version) => [...known(version).keys()].sort(),
    text: (version, path) => new TextDecoder().decode(known(version).get(path)),
    stop: () => server.shutdown(),
  };
}
