/**
 * What a part of a configuration does beyond computing: which hosts it calls, which files and variables it
 * uses. Every adapter declares it beside its configuration, and Deno's permission flags are made of it.
 */

/** Looks a variable up; undefined when it is not set. */
export type EnvLookup = (name: string) => string | undefined;

/** Names that `--allow-sys` knows. */
export type SystemFact = Extract<Deno.SysPermissionDescriptor["kind"], string>;

/** What is left out is not needed. */
export interface Needs {
  /** `host:port`, `[::1]:port`, `*.example.com:443`, `unix:/path`; `*`: hosts that nobody knows before. */
  readonly net?: readonly string[];
  /** Absolute paths of files, and of folders with what is below them. */
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  /** Names, and beginnings that end in `*`. */
  readonly env?: readonly string[];
  readonly sys?: readonly SystemFact[];
  /** Programs. */
  readonly run?: readonly string[];
  /** What flags cannot say, a line each for people. */
  readonly notes?: readonly string[];
}

/** Of the values behind a configuration, which are read for it. @throws ConfigError as opening would */
export type NeedsOf<Config> = (config: Config, env: EnvLookup) => Needs | Promise<Needs>;

const KINDS = ["net", "read", "write", "env", "sys", "run", "notes"] as const;

/** All of them together, without repetitions. */
export function together(...parts: readonly Needs[]): Required<Needs> {
  const all = <K extends typeof KINDS[number]>(
    kind: K,
  ) => [...new Set(parts.flatMap((part) => part[kind] ?? []))];
  return {
    net: all("net") as string[],
    read: all("read") as string[],
    write: all("write") as string[],
    env: all("env") as string[],
    sys: all("sys") as SystemFact[],
    run: all("run") as string[],
    notes: all("notes") as string[],
  };
}

/** Whether a file that is used when it is there is to be read: not where this process may not look. */
export function mayBeRead(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** `host:port` as `--allow-net` wants it. */
export function hostAndPort(host: string, port: number | string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A Unix socket is an address and a file. */
export function unixSocket(path: string): Needs {
  return { net: [`unix:${path}`], read: [path], write: [path] };
}

const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** Of a URL; null when it is none of a server. */
export function addressOfUrl(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || url.hostname === "") return null;
  const port = url.port === "" ? PORTS[url.protocol] : url.port;
  return port === undefined ? null : `${url.hostname}:${port}`;
}
