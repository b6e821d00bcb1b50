/**
 * What a child process gets of its parent: never more permissions than the parent has, and of the
 * environment what its export can need, so that the credentials of one export are not those of all.
 */
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import type { DestinationConfig } from "../config/schema.ts";

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
  ],
  // The state's server, and libraries that look for a user's name.
  ...["PGPASSWORD", "PGUSER", "USERNAME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"],
  ...["SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS"],
];

/** The credential chains of the stores' own libraries. */
const OF_STORE: Record<DestinationConfig["type"], readonly string[]> = {
  local: [],
  stdout: [],
  s3: ["AWS_*"],
  gcs: ["GOOGLE_*", "GCLOUD_*", "CLOUDSDK_*", "GCE_*", "METADATA_SERVER_DETECTION", "K_SERVICE"],
  azure: ["AZURE_*", "IDENTITY_*", "MSI_*", "IMDS_*", "AAD_*"],
};

/** The values of every `*_env` key. */
function* referenced(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key.endsWith("_env") && typeof item === "string") yield item;
    else yield* referenced(item);
  }
}

/** Names, and beginnings that end in `*`, of the variables that an export's process may need. */
export function neededVariables(config: LoadedConfig, exported: LoadedExport): string[] {
  return [
    ...COMMON,
    ...OF_STORE[exported.destination.type],
    // A child loads the whole file, in which every variable must have its value.
    ...config.variables,
    ...referenced([config.source, exported.config, config.config.notifications]),
  ];
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
  if (isWhole("env")) {
    const all = Object.entries(Deno.env.toObject());
    return Object.fromEntries(all.filter(([name]) => isNeeded(name, needed)));
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

/** A folder, cut before the first placeholder. */
function fixedPart(path: string): string {
  const brace = path.indexOf("{");
  return brace < 0 ? path : dirname(`${path.slice(0, brace)}x`);
}

function hostsIn(value: unknown): string[] {
  if (typeof value === "string") {
    return URL.canParse(value) && value.includes("://") ? [new URL(value).host] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(hostsIn).filter((host) => host !== "");
}

export function wishesOf(
  config: LoadedConfig,
  exported: LoadedExport,
  env: (name: string) => string | undefined,
): Wishes {
  const { source, dir } = config;
  const { destination } = exported;
  const variables = neededVariables(config, exported);
  const urls = [...referenced([source, config.config.notifications]), "RIVET_STATE_URL"].map(env);
  const paths = [dir, Deno.cwd(), tmpdir(), source.url_file, source.tls?.ca_file].filter((path) =>
    path !== undefined
  );
  if (destination.type === "local") paths.push(fixedPart(destination.path));
  if (destination.type === "gcs" && destination.credentials_file !== undefined) {
    paths.push(destination.credentials_file);
  }
  const host = source.host === undefined ? [] : [source.host];
  return { paths, variables, hosts: [...host, ...hostsIn([source, destination, urls])] };
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
      return wishes.paths.map((path) => [path, { name: kind, path }]);
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
      if (isGranted(descriptor)) granted.push(value.replaceAll(",", ",,"));
    }
    if (granted.length > 0) flags.push(`--allow-${kind}=${[...new Set(granted)].join(",")}`);
  }
  return flags;
}
