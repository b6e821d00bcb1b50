/**
 * Lint plugin: which part of the house may import which (design: `cli -> core <- adapters`).
 * `program.ts` and the Worker's entry wire adapters to ports; nothing else sees both. And how the product
 * imports what it uses later (docs/adr/0023-start-and-first-run.md).
 */
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages that talk to a database, a store or a server. Core and cli reach those through ports. */
const DRIVERS: readonly string[] = [
  "postgres",
  "pg",
  "mysql2",
  "mariadb",
  "tedious",
  "kysely",
  "node:sqlite",
  "node:net",
  "node:tls",
  "node:http",
  "node:https",
  "@aws-sdk/",
  "google-auth-library",
  "@azure/",
  "@electric-sql/",
  "@duckdb/",
];

/** Files that may import any adapter. */
const WIRING: readonly string[] = [
  "main.ts",
  "program.ts",
  "adapters/worker.ts",
  "adapters/registry.ts",
];

/** Parts of the product; everything else (tests, fixtures, bench, lint) serves it and may see all. */
const PRODUCT: readonly string[] = ["core", "adapters", "cli", "state"];

/**
 * The floors of `core`, lowest first: a folder imports itself and those before it
 * (docs/adr/0019-floors.md).
 */
export const FLOORS: readonly string[] = [
  "base",
  "types",
  "batch",
  "config",
  "ports",
  "permissions",
  "lease",
  "access",
  "query",
  "encode",
  "extract",
  "workers",
  "manifest",
  "tables",
  "import",
  "plan",
  "preflight",
  "reconcile",
  "report",
  "lineage",
  "run",
  "tasks",
  "repair",
  "validate",
  "artifact",
  "discover",
  "init",
  "processes",
  "apply",
];

/** `core/run/run.ts` imports `core/apply/waves.ts`: null where that goes down or stays. */
function floorProblem(file: string, target: string): string | null {
  const [from, to] = [file, target].map((path) => path.split("/")[1]);
  const [own, other] = [from, to].map((floor) => FLOORS.indexOf(floor));
  if (own < 0) return `core/${from} is on no floor; give it a place in FLOORS of this rule`;
  if (other < 0) return `core/${to} is on no floor; give it a place in FLOORS of this rule`;
  if (other <= own) return null;
  return `core/${to} is above core/${from}; a name that both need belongs on the floor of ` +
    `core/${from} or below it`;
}

function part(file: string): string {
  return file.split("/")[0];
}

/** `adapters/sources/postgres/read.ts` -> `sources/postgres`; null for a helper of the whole kind. */
function adapterOf(file: string): string | null {
  const [, kind, ...rest] = file.split("/");
  if (rest.length > 1) return `${kind}/${rest[0]}`;
  return FLAT_ADAPTERS.includes(`${kind}/${rest[0]}`) ? `${kind}/${rest[0]}` : null;
}

/** Adapters that are one file instead of a folder. */
const FLAT_ADAPTERS: readonly string[] = [
  "destinations/local.ts",
  "destinations/stdout.ts",
  "notifiers/slack.ts",
  "notifiers/openlineage.ts",
];

/** The folder of what several adapters of a kind write alike: they import it, it imports none. */
const KIT = "kit";

function adapterProblem(file: string, target: string): string | null {
  const kind = file.split("/")[1];
  // A kind's mod.ts is its registration list.
  const isList = /^adapters\/[^/]+\/mod\.ts$/.test(file);
  if (target.split("/")[1] !== kind) return "adapters of different kinds know each other by ports";
  const own = adapterOf(file);
  const other = adapterOf(target);
  if (isList || other === null || other === own || other === `${kind}/${KIT}`) return null;
  if (own === `${kind}/${KIT}`) return "the kit serves every adapter of its kind and knows none";
  return "an adapter does not import another; what several need belongs into their kit, or core";
}

function driverOf(specifier: string): string | undefined {
  const name = specifier.replace(/^npm:\/?/, "");
  return DRIVERS.find((driver) =>
    driver.endsWith("/")
      ? name.startsWith(driver)
      : name === driver || name.startsWith(`${driver}/`) || name.startsWith(`${driver}@`)
  );
}

function packageProblem(file: string, specifier: string): string | null {
  const driver = driverOf(specifier);
  if (driver === undefined || (part(file) !== "core" && part(file) !== "cli")) return null;
  return `${part(file)} reaches ${driver} through a port; an adapter imports it`;
}

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  cli: ["cli", "core"],
  state: ["state", "core"],
  adapters: ["adapters", "core"],
};

/**
 * Why `file` may not import `specifier`, or null when it may.
 * @param file relative to the repository's root, with `/`.
 * @param specifier as written: `./x.ts`, `npm:...`, `node:...`, or a name of the import map.
 */
export function importProblem(file: string, specifier: string): string | null {
  const from = part(file);
  if (!specifier.startsWith(".")) return packageProblem(file, specifier);
  const target = relative(ROOT, resolve(ROOT, dirname(file), specifier)).replaceAll("\\", "/");
  const to = part(target);
  if (["main.ts", "program.ts"].includes(target) && PRODUCT.includes(from)) {
    return `${target} is the entry, not a library`;
  }
  if (WIRING.includes(file)) return null;
  if (!PRODUCT.includes(from)) return null;
  if (!ALLOWED[from].includes(to)) {
    return `${from} does not import ${to}; only ${WIRING.join(", ")} wire the parts together`;
  }
  if (from === "core" && to === "core") return floorProblem(file, target);
  return from === "adapters" && to === "adapters" ? adapterProblem(file, target) : null;
}

function literal(node: Deno.lint.Node | null): string | null {
  if (node === null) return null;
  if (node.type === "TSLiteralType") return literal(node.literal);
  return node.type === "Literal" && typeof node.value === "string" ? node.value : null;
}

/** Whether `file` is part of what is started: such files are loaded and downloaded when they are used. */
function isProduct(file: string): boolean {
  return WIRING.includes(file) || PRODUCT.includes(part(file));
}

/**
 * `import(node)` in the product: the path that it hides from the module graph, or why it may not stand so.
 * Deno loads, and downloads the packages of, every `import("./x.ts")` that it can see before a program starts.
 */
function hiddenImport(
  node: Deno.lint.Node,
): { readonly path: string } | { readonly problem: string } {
  if (node.type === "TSAsExpression") {
    const path = literal(node.expression);
    if (path?.startsWith(".")) return { path };
  }
  return {
    problem:
      'a start would load this, used or not; write `import("./x.ts" as string)` of a file of the ' +
      'product, and its type, `typeof import("./x.ts")`',
  };
}

const plugin: Deno.lint.Plugin = {
  name: "rivet",
  rules: {
    architecture: {
      create(context): Deno.lint.LintVisitor {
        const file = relative(ROOT, context.filename).replaceAll("\\", "/");
        const check = (node: Deno.lint.Node, source: Deno.lint.Node | null): void => {
          const specifier = literal(source);
          const problem = specifier === null ? null : importProblem(file, specifier);
          if (problem !== null) context.report({ node, message: `${specifier}: ${problem}` });
        };
        return {
          ImportDeclaration: (node) => check(node, node.source),
          ImportExpression: (node) => check(node, node.source),
          ExportNamedDeclaration: (node) => check(node, node.source),
          ExportAllDeclaration: (node) => check(node, node.source),
          TSImportType: (node) => check(node, node.argument),
        };
      },
    },
    later: {
      create(context): Deno.lint.LintVisitor {
        const file = relative(ROOT, context.filename).replaceAll("\\", "/");
        const typed = new Set<string>();
        const hidden: { readonly node: Deno.lint.Node; readonly path: string }[] = [];
        if (!isProduct(file)) return {};
        return {
          ImportExpression(node) {
            const found = hiddenImport(node.source);
            if ("problem" in found) context.report({ node, message: found.problem });
            else hidden.push({ node, path: found.path });
          },
          TSImportType(node) {
            const path = literal(node.argument);
            if (path !== null) typed.add(path);
          },
          "Program:exit"() {
            for (const { node, path } of hidden.filter(({ path }) => !typed.has(path))) {
              context.report({
                node,
                message: `${path}: nothing says \`typeof import("${path}")\``,
              });
            }
          },
        };
      },
    },
  },
};

export default plugin;
