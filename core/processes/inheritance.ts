/**
 * What a child process gets of its parent: never more permissions than the parent has, and of the
 * environment what its export can need, so that the credentials of one export are not those of all.
 */
import { tmpdir } from "node:os";
import { pathInFlag } from "../permissions/flags.ts";
import type { Needs } from "../ports/needs.ts";

/** What the runtime, its libraries and Rivet itself read, whatever an export does. */
const COMMON = [
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "LANG", "LC_*", "XDG_*", "PWD"],
  ...["TMPDIR", "TMP", "TEMP", "NO_COLOR", "FORCE_COLOR", "CI", "LD_LIBRARY_PATH", "DENO_DIR"],
  ...["DENO_CERT", "DENO_TLS_CA_STORE", "DENO_V8_FLAGS", "DENO_NO_UPDATE_CHECK", "DENO_NO_PROMPT"],
  ...["NODE_DEBUG", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "HOSTNAME"],
  ...[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "NPM_CONFIG_REGISTRY",
    "JSR_URL",
    "RUST_LOG",
    "RIVET_*",
    "OTEL_*",
  ],
  // The state's server, and libraries that look for a user's name.
  ...["PGPASSWORD", "PGUSER", "USERNAME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"],
  ...["SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS"],
];

/** Names, and beginnings that end in `*`, of the variables that an export's process may need. */
export function neededVariables(needs: Needs): string[] {
  return [...COMMON, ...needs.env ?? []];
}

function isNeeded(name: string, needed: readonly string[]): boolean {
  // Windows does not tell cases apart, and proxies are named in both.
  const upper = name.toUpperCase();
  return needed.some((wanted) => {
    const pattern = wanted.toUpperCase();
    return pattern.endsWith("*") ? upper.startsWith(pattern.slice(0, -1)) : upper === pattern;
  });
}

/** The parent's environment without what the export cannot need. */
export function inheritedEnv(needed: readonly string[]): Record<string, string> {
  const all = Object.entries(readableVariables(needed)).filter(([name]) => isNeeded(name, needed));
  // Whoever may run some programs only may not give them libraries to load.
  const kept = isWhole("run") ? all : all.filter(([name]) => !/^(LD|DYLD)_/.test(name));
  return Object.fromEntries(kept);
}

/** All that this process may read: a list of variables reads as a whole only with `--ignore-env`. */
function readableVariables(needed: readonly string[]): Record<string, string> {
  try {
    return Deno.env.toObject();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  const env: Record<string, string> = {};
  for (const name of needed) {
    if (name.endsWith("*") || !isGranted({ name: "env", variable: name })) continue;
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** What a child may want where the parent's permission is a list; the list itself cannot be asked for. */
export interface Wishes {
  readonly paths: readonly string[];
  readonly hosts: readonly string[];
  readonly variables: readonly string[];
}

/** @param needs of one export, and of the program. */
export function wishesOf(needs: Required<Needs>): Wishes {
  const { read, write, net } = needs;
  return {
    paths: [...new Set([...read, ...write, Deno.cwd(), tmpdir()])],
    variables: neededVariables(needs),
    hosts: net.filter((host) => host !== "*"),
  };
}

const KINDS = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;
type Kind = typeof KINDS[number];
const SYSTEM = [
  ...["hostname", "osRelease", "osUptime", "loadavg", "networkInterfaces", "systemMemoryInfo"],
  ...["uid", "gid", "username", "cpus", "homedir"],
] as const;

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/** Granted as a whole: neither a list nor with exceptions. */
function isWhole(name: Kind): boolean {
  const status = Deno.permissions.querySync({ name });
  return status.state === "granted" && status.partial !== true;
}

function descriptorsOf(kind: Kind, wishes: Wishes): [string, Deno.PermissionDescriptor][] {
  switch (kind) {
    case "read":
    case "write":
      return wishes.paths.map(pathInFlag).map((path) => [path, { name: kind, path }]);
    case "net":
      return wishes.hosts.map((host) => [host, { name: kind, host }]);
    case "env":
      return wishes.variables.map((variable) => [variable, { name: kind, variable }]);
    case "sys":
      return SYSTEM.map((what) => [what, { name: kind, kind: what }]);
    case "run":
    case "ffi":
    case "import":
      return [];
  }
}

/** The permission flags of a child: what the parent has as a whole, and of lists what is wished for. */
export function inheritedFlags(wishes: Wishes): string[] {
  const whole = new Set<Kind>();
  for (const kind of KINDS) if (isWhole(kind)) whole.add(kind);
  if (whole.size === KINDS.length) return ["-A"];
  const flags = ["--no-prompt"];
  for (const kind of KINDS) {
    if (whole.has(kind)) {
      flags.push(`--allow-${kind}`);
      continue;
    }
    const granted: string[] = [];
    for (const [value, descriptor] of descriptorsOf(kind, wishes)) {
      if (isGranted(descriptor) && !value.includes(",")) granted.push(value);
    }
    if (granted.length > 0) flags.push(`--allow-${kind}=${[...new Set(granted)].join(",")}`);
    // Libraries look at names that nobody lists.
    if (kind === "env") flags.push("--ignore-env");
  }
  return flags;
}
