/**
 * `deno task sbom [PATH]`: what the program is made of, as CycloneDX 1.6 JSON, from `deno.lock` alone.
 * Packages that only tests and tools use have the scope `excluded`. The same lock gives the same bytes.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { productImports } from "./product_imports.ts";
import { scriptArgs } from "./script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

interface LockedPackage {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
  readonly optionalPeers?: readonly string[];
}

export interface Lock {
  /** `npm:name@range` -> the version, with its peers. */
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, LockedPackage>>;
}

export interface Component {
  readonly type: "library";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly scope: "required" | "excluded";
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly purl: string;
}

/** `@scope/name@1.2.3_peer@4.5.6` taken apart. */
function parsed(key: string): { name: string; version: string } {
  const match = /^(@?[^@]+)@([^_]+)/.exec(key);
  if (match === null) throw new Error(`deno.lock has a package without a version: ${key}`);
  return { name: match[1], version: match[2] };
}

/** The lock's key for a dependency, which names a version only where there are several. */
function resolver(lock: Lock): (dependency: string) => string | undefined {
  const byName = Map.groupBy(Object.keys(lock.npm), (key) => parsed(key).name);
  return (dependency) => {
    const real = dependency.replace(/^.+@npm:/, "");
    if (Object.hasOwn(lock.npm, real)) return real;
    const { name } = /^(?<name>@?[^@]+)/.exec(real)?.groups ?? { name: real };
    const found = byName.get(name) ?? [];
    return found.length === 1 ? found[0] : found.find((key) => key.startsWith(real));
  };
}

function edges({ dependencies = [], optionalDependencies = [] }: LockedPackage): string[] {
  return [...dependencies, ...optionalDependencies];
}

/** Everything that the given keys lead to. */
export function closure(lock: Lock, roots: readonly string[]): Set<string> {
  const resolve = resolver(lock);
  const seen = new Set<string>();
  const waiting = [...roots];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    for (const dependency of edges(lock.npm[key])) {
      const next = resolve(dependency);
      if (next !== undefined) waiting.push(next);
    }
  }
  return seen;
}

function purl(key: string): string {
  const { name, version } = parsed(key);
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

function component(key: string, { integrity }: LockedPackage, required: boolean): Component {
  const { name, version } = parsed(key);
  const [group, own] = name.startsWith("@") ? name.split("/") : [undefined, name];
  const [algorithm, hash] = integrity?.split("-") ?? [];
  return {
    type: "library",
    "bom-ref": key,
    ...(group === undefined ? {} : { group }),
    name: own,
    version,
    scope: required ? "required" : "excluded",
    ...(algorithm === "sha512"
      ? { hashes: [{ alg: "SHA-512", content: Uint8Array.fromBase64(hash).toHex() }] }
      : {}),
    purl: purl(key),
  };
}

/** @param imports of the product: name in the import map -> `npm:name@version`. */
export function sbomOf(
  lock: Lock,
  product: { readonly version: string; readonly imports: Readonly<Record<string, string>> },
) {
  const keyOf = (specifier: string) => {
    const name = specifier.replace(/^npm:/, "").replace(/@[^@]+$/, "");
    return `${name}@${lock.specifiers[specifier]}`;
  };
  const roots = Object.values(product.imports).map(keyOf);
  const required = closure(lock, roots);
  const resolve = resolver(lock);
  const keys = Object.keys(lock.npm).sort();
  const own = `pkg:generic/rivet@${product.version}`;
  const uuid = createHash("sha256").update(JSON.stringify([own, lock])).digest("hex");
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuid.slice(0, 8)}-${uuid.slice(8, 12)}-5${uuid.slice(13, 16)}-8${
      uuid.slice(17, 20)
    }-${uuid.slice(20, 32)}`,
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": own,
        name: "rivet",
        version: product.version,
        licenses: [{ license: { id: "MIT" } }],
        purl: own,
      },
    },
    components: keys.map((key) => component(key, lock.npm[key], required.has(key))),
    dependencies: [
      { ref: own, dependsOn: [...roots].sort() },
      ...keys.map((key) => ({
        ref: key,
        dependsOn: [...new Set(edges(lock.npm[key]).flatMap((d) => resolve(d) ?? []))].sort(),
      })),
    ],
  };
}

/** The product's own lock and imports. */
export async function sbom() {
  const read = async (name: string) => JSON.parse(await Deno.readTextFile(join(ROOT, name)));
  const { version, imports } = await read("deno.json");
  return sbomOf(await read("deno.lock"), { version, imports: await productImports(imports) });
}

if (import.meta.main) {
  const [path = join(ROOT, "dist", "rivet.cdx.json")] =
    scriptArgs(import.meta.url, {}, 1).positionals;
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, `${JSON.stringify(await sbom(), null, 2)}\n`);
  console.log(path);
}
