/** The image's recipe and compose.yaml, which no test here can build or start: read by their own rules. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { validate, ValidationSeverity } from "dockerfile-utils";
import { parse } from "yaml";
import { loadConfig } from "../../core/config/load.ts";

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name: string): Promise<string> => Deno.readTextFile(path(name));

interface Service {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly read_only?: boolean;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
}

const compose = async () => parse(await read("compose.yaml"), { merge: true }) as Compose;

/** Instructions without comments, continued lines joined. */
const instructions = async () =>
  (await read("Dockerfile")).replaceAll("\\\n", " ").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

Deno.test("the Dockerfile has no fault that a linter of Dockerfiles knows", async () => {
  const lint = (text: string) =>
    validate(text, {
      deprecatedMaintainer: ValidationSeverity.ERROR,
      directiveCasing: ValidationSeverity.ERROR,
      emptyContinuationLine: ValidationSeverity.ERROR,
      instructionCasing: ValidationSeverity.ERROR,
      instructionCmdMultiple: ValidationSeverity.ERROR,
      instructionEntrypointMultiple: ValidationSeverity.ERROR,
      instructionHealthcheckMultiple: ValidationSeverity.ERROR,
      instructionJSONInSingleQuotes: ValidationSeverity.ERROR,
      instructionWorkdirRelative: ValidationSeverity.ERROR,
    }).map(({ message }) => message);
  const text = await read("Dockerfile");
  deepEqual(lint(text), []);
  ok(lint(text.replace("WORKDIR /work", "WORKDIR work")).length > 0, "the linter is awake");
});

Deno.test("the image is pinned, not root's, and starts the program itself", async () => {
  const lines = await instructions();
  const bases = lines.filter((line) => line.startsWith("FROM "));
  equal(bases.length, 2);
  for (const base of bases) match(base, /^FROM [\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}( AS \w+)?$/);
  const last = lines.slice(lines.indexOf(bases[1]));
  // The last stage has no shell to run anything with.
  ok(!last.some((line) => line.startsWith("RUN ")));
  deepEqual(last.filter((line) => line.startsWith("USER ")), ["USER 65532:65532"]);
  equal(last.at(-1), 'ENTRYPOINT ["/usr/local/bin/rivet"]');
  const labels = last.find((line) => line.startsWith("LABEL ")) ?? "";
  for (const name of ["title", "description", "licenses", "source", "version", "revision"]) {
    match(labels, new RegExp(`org\\.opencontainers\\.image\\.${name}=`));
  }
  ok(last.some((line) => line.includes("rivet.cdx.json")), "what it is made of is in it");
});

Deno.test("the image of a release is attested by the digest that was pushed", async () => {
  const { jobs } = parse(await read(".github/workflows/release.yml"));
  const { permissions, steps } = jobs.image as {
    readonly permissions: Readonly<Record<string, string>>;
    readonly steps: readonly { id?: string; uses?: string; with?: Record<string, unknown> }[];
  };
  equal(permissions["id-token"], "write");
  equal(permissions.attestations, "write");
  const push = steps.findIndex(({ id }) => id === "push");
  const attest = steps.findIndex(({ uses = "" }) => uses.startsWith("actions/attest-"));
  ok(push >= 0 && attest > push, "first the push, then the attestation");
  deepEqual(steps[attest].with, {
    "subject-name": "${{ steps.push.outputs.name }}",
    "subject-digest": "${{ steps.push.outputs.digest }}",
    "push-to-registry": true,
  });
});

Deno.test("compose.yaml keeps to the published schema of compose files", async () => {
  const schema = JSON.parse(await read("fixtures/compose/compose-spec.json"));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  const check = ajv.compile(schema);
  const found = await compose();
  const valid = check(found);
  deepEqual(check.errors ?? [], []);
  ok(valid);
  ok(!check({ services: { ...found.services, wrong: { imagee: "x" } } }), "the schema is awake");
});

Deno.test("the demo's services know each other, and its configuration is one", async () => {
  const { services } = await compose();
  const profile = Object.entries(services)
    .filter(([, { profiles = ["demo"] }]) => profiles.includes("demo"));
  const names = profile.map(([name]) => name);
  deepEqual(names.sort(), ["azurite", "demo", "demo-stores", "minio", "postgres"]);
  for (const [name, { depends_on = [] }] of profile) {
    const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
    for (const other of needed) ok(names.includes(other), `${name} needs ${other}`);
  }
  const { demo } = services;
  equal(demo.read_only, true);
  for (const volume of profile.flatMap(([, { volumes = [] }]) => volumes)) {
    const [from] = volume.split(":");
    if (from.startsWith("./")) ok((await Deno.stat(path(from))) !== null, from);
  }
  const env = (name: string) => demo.environment?.[name];
  const { config } = await loadConfig(path("fixtures/demo/compose.yaml"), {
    params: new Map(),
    env,
  });
  const endpoints = config.exports.flatMap(({ destination }) =>
    "endpoint" in destination && destination.endpoint !== undefined ? [destination.endpoint] : []
  );
  const hosts = endpoints.map((endpoint) => new URL(endpoint).hostname);
  deepEqual(hosts, ["minio", "azurite"]);
  deepEqual(endpoints.map((endpoint) => endpoint.replace(/\/$/, "")), [
    services["demo-stores"].environment?.S3_ENDPOINT,
    services["demo-stores"].environment?.AZURE_ENDPOINT,
  ]);
});

Deno.test("the demo's helper uses the product's version of the Azure library", async () => {
  const { imports } = JSON.parse(await read("deno.json"));
  const helper = await read("fixtures/demo/prepare_stores.ts");
  ok(helper.includes(`from "${imports["@azure/storage-blob"]}"`));
});
