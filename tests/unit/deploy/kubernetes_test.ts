/** `deploy/kubernetes`: what Kubernetes takes, and what fits the program that it starts. */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { parseArgs } from "../../../cli/parse.ts";
import { loadWhole } from "../../support/config_blocks.ts";
import { type KubernetesObject, schemaProblems } from "../../support/kubernetes.ts";

const ROOT = fileURLToPath(new URL("../../../deploy/kubernetes/", import.meta.url));
const VARIANTS = ["base", "cron", "snapshot"];

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources: {
    readonly requests: Readonly<Record<"memory" | "cpu", string>>;
    readonly limits: Readonly<Record<"memory", string>>;
  };
}

interface JobSpec {
  readonly completionMode?: string;
  readonly completions?: number;
  readonly parallelism?: number;
  readonly backoffLimitPerIndex?: number;
  readonly template: {
    readonly spec: {
      readonly restartPolicy: string;
      readonly containers: readonly Container[];
      readonly initContainers?: readonly Container[];
    };
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly patches?: readonly {
    readonly path: string;
    readonly target: { readonly kind: string; readonly name: string };
  }[];
  readonly configMapGenerator: readonly { readonly files: readonly string[] }[];
}

interface Named extends KubernetesObject {
  readonly metadata: { readonly name: string };
}

const read = (...path: string[]): Promise<string> => Deno.readTextFile(join(ROOT, ...path));

const kustomization = async (variant: string): Promise<Kustomization> =>
  parse(await read(variant, "kustomization.yaml"));

/** The objects of a variant's files, also those of the variant that it builds on. */
async function objects(variant: string): Promise<Named[]> {
  const found: Named[] = [];
  for (const resource of (await kustomization(variant)).resources) {
    if (resource.endsWith(".yaml")) {
      for (const document of parseAllDocuments(await read(variant, resource))) {
        assert.deepEqual(document.errors, [], resource);
        found.push(document.toJS());
      }
    } else found.push(...await objects(relative(ROOT, join(ROOT, variant, resource))));
  }
  return found;
}

function jobSpecs(found: readonly KubernetesObject[]): JobSpec[] {
  return found.flatMap((object) => {
    const { kind, spec } = object as KubernetesObject & {
      readonly spec: JobSpec & { readonly jobTemplate: { readonly spec: JobSpec } };
    };
    if (kind === "Job") return [spec];
    return kind === "CronJob" ? [spec.jobTemplate.spec] : [];
  });
}

function mebibytes(quantity: string): number {
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? assert.fail(quantity);
  return Number(amount) * (unit === "Gi" ? 1024 : 1);
}

Deno.test("Kubernetes' schemas take every object", async () => {
  const all = [...await objects("base"), ...await objects("cron")];
  assert.equal(all.length, 6);
  assert.equal(await schemaProblems(all), "");
});

Deno.test("Kubernetes' schemas refuse what Kubernetes refuses", async () => {
  const [job] = (await objects("base")).filter(({ metadata }) => metadata.name === "rivet-work");
  const spoilt = (fields: Record<string, unknown>) =>
    ({ ...job, spec: { ...jobSpecs([job])[0], ...fields } }) as KubernetesObject;
  const shapes = await schemaProblems([
    spoilt({ backoffLimitPerIndx: 3 }),
    spoilt({ completions: "8" }),
  ]);
  assert.match(shapes, /backoffLimitPerIndx/);
  assert.match(shapes, /'string' is not assignable to type 'number'/);
  assert.match(await schemaProblems([spoilt({ completionMode: "indexed" })]), /completionMode/);
});

Deno.test("kustomizations name files that are there, and patches fields that are there", async () => {
  for (const variant of VARIANTS) {
    const { patches = [], configMapGenerator } = await kustomization(variant);
    const [{ files }] = configMapGenerator;
    assert.deepEqual(files, ["rivet.yaml"], variant);
    const named = await objects(variant);
    for (const { path, target } of patches) {
      const object = named.find(({ kind, metadata }) =>
        kind === target.kind && metadata.name === target.name
      );
      assert.ok(object !== undefined, `${variant}: nothing is ${target.kind} ${target.name}`);
      for (const { op, path: at } of parse(await read(variant, path))) {
        const steps: string[] = at.slice(1).split("/");
        const last = steps.pop() ?? "";
        let holder: unknown = object;
        for (const step of steps) holder = (holder as Record<string, unknown>)?.[step];
        assert.ok(typeof holder === "object" && holder !== null, `${path}: ${at}`);
        if (op !== "add") assert.ok(last in holder, `${path}: ${at}`);
      }
    }
  }
});

Deno.test("rivet is started without a shell, with commands that there are", async () => {
  for (const variant of ["base", "cron"]) {
    for (const { template: { spec } } of jobSpecs(await objects(variant))) {
      const all = [...spec.initContainers ?? [], ...spec.containers];
      const own = all.filter(({ image }) => image === "rivet");
      assert.ok(own.length > 0, variant);
      for (const { args = [], command } of own) {
        // The image has nothing but rivet, which is its entry point.
        assert.equal(command, undefined, variant);
        const { kind } = parseArgs([...args], { width: 100, color: false });
        assert.equal(kind, "invocation", `${variant}: rivet ${args.join(" ")}`);
      }
    }
  }
});

Deno.test("of the plans that all pods of a night make, the first one is that of all", async () => {
  const [{ template: { spec } }] = jobSpecs(await objects("cron"));
  const [, , script = ""] = spec.initContainers?.find(({ name }) => name === "share")?.command ??
    [];
  const folder = await Deno.makeTempDir({ prefix: "rivet-plans-" });
  const share = async (index: number): Promise<string> => {
    const plan = `${folder}/night.json`;
    const { code } = await new Deno.Command("sh", {
      args: ["-c", script.replaceAll("/plans/", `${folder}/`)],
      env: { JOB: "night", JOB_COMPLETION_INDEX: String(index), PLAN: plan },
    }).output();
    assert.equal(code, 0);
    return await Deno.readTextFile(plan);
  };
  try {
    for (const index of [2, 0]) {
      await Deno.writeTextFile(`${folder}/night-${index}.json`, `${index}`);
    }
    assert.equal(await share(2), "2");
    assert.equal(await share(0), "2");
    // A pod that begins again has made another plan, under its own name.
    await Deno.writeTextFile(`${folder}/new.json`, "again");
    await Deno.rename(`${folder}/new.json`, `${folder}/night-2.json`);
    assert.equal(await share(2), "2");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the configurations load, and a pod that reads has the memory they ask for", async () => {
  for (const variant of VARIANTS) {
    const config = parse(await read(variant, "rivet.yaml"));
    await loadWhole(config);
    const [{ tuning: { memory_threshold_mb: threshold } }] = config.exports;
    const readers = jobSpecs(await objects(variant))
      .filter(({ completionMode }) => completionMode === "Indexed")
      .flatMap(({ template }) => template.spec.containers);
    assert.equal(readers.length, 1, variant);
    const [{ resources: { requests, limits } }] = readers;
    assert.ok(mebibytes(requests.memory) >= 1.5 * threshold, `${variant}: ${requests.memory}`);
    assert.ok(mebibytes(limits.memory) >= 2 * threshold, `${variant}: ${limits.memory}`);
  }
});

Deno.test("every index has its share, and is tried again on its own", async () => {
  for (const variant of ["base", "cron"]) {
    for (const spec of jobSpecs(await objects(variant))) {
      // Both failure policies need pods that are not restarted in place.
      assert.equal(spec.template.spec.restartPolicy, "Never");
      if (spec.completionMode !== "Indexed") continue;
      assert.ok((spec.backoffLimitPerIndex ?? 0) > 0, variant);
      assert.ok((spec.parallelism ?? 0) <= (spec.completions ?? 0), variant);
      const [{ env = [], args = [] }] = spec.template.spec.containers;
      const tasks = env.find(({ name }) => name === "RIVET_TASKS")?.value;
      // Either the index says which chunks, or whatever is left is claimed.
      assert.equal(tasks, args.includes("--claim") ? undefined : String(spec.completions), variant);
    }
  }
});

Deno.test("no manifest holds a secret", async () => {
  for (const variant of VARIANTS) {
    for await (const { name } of Deno.readDir(join(ROOT, variant))) {
      const text = await read(variant, name);
      assert.doesNotMatch(
        text,
        /kind: Secret\b|password:|:\/\/[^\s/]+:[^\s/]+@/i,
        join(variant, name),
      );
    }
  }
});
