/**
 * Kubernetes' own schemas, as `kubernetes-models` of npm has them: types, which know every field, and
 * validators, which know what a field may hold. It is no dependency of anything: fetched when it is asked
 * for, by the lock file beside this one.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = "npm:kubernetes-models@5.1.0";
const LOCK = fileURLToPath(new URL("./kubernetes.lock", import.meta.url));

/** An object as `kubectl` takes it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What is wrong with the objects, all of it; empty: nothing. */
export async function schemaProblems(objects: readonly KubernetesObject[]): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-kubernetes-" });
  try {
    await Deno.copyFile(LOCK, join(folder, "deno.lock"));
    const settings = { lock: { frozen: true }, nodeModulesDir: "none" };
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(settings));
    await Deno.writeTextFile(join(folder, "check.ts"), program(objects));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--check", "--no-prompt", "--allow-read", "--allow-env", "check.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder();
    return success ? "" : `${text.decode(stdout)}${text.decode(stderr)}`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Literals, because TypeScript refuses an unknown field of a literal only. */
function program(objects: readonly KubernetesObject[]): string {
  return objects.map(({ apiVersion, kind, ...rest }, i) => {
    const literal = JSON.stringify({ apiVersion, kind, ...rest }, null, 1);
    return `import { ${kind} as Kind${i}, type I${kind} as I${i} } from "${PACKAGE}/${apiVersion}";
const object${i}: I${i} = ${literal};
new Kind${i}(object${i}).validate();`;
  }).join("\n");
}
