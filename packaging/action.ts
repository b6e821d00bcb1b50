/**
 * What `action.yml` does: runs the command with the permissions that its configuration needs, and tells the
 * workflow how it ended. Inputs and outputs are the action's own, by the variables of GitHub's runners.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stepSummary } from "./action_summary.ts";
import { ENGINE_FLAGS } from "../core/base/engine_flags.ts";
import { PERMISSIONS } from "./permissions.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** The commands that `rivet permissions` speaks of; others write more than a configuration names. */
const SCOPED = ["run", "check", "doctor", "validate"];

type Env = (name: string) => string;

interface Inputs {
  readonly config: string;
  readonly command: string;
  readonly export: string;
  readonly args: readonly string[];
  readonly permissions: string;
  readonly version: string;
  /** The runner's folder for temporary files. */
  readonly temporary: string;
}

function inputsOf(env: Env): Inputs {
  return {
    config: env("RIVET_ACTION_CONFIG") || "rivet.yaml",
    command: env("RIVET_ACTION_COMMAND") || "run",
    export: env("RIVET_ACTION_EXPORT"),
    args: env("RIVET_ACTION_ARGS").split(/\r?\n/).filter((line) => line !== ""),
    permissions: env("RIVET_ACTION_PERMISSIONS") || "scoped",
    version: env("RIVET_ACTION_VERSION"),
    temporary: env("RUNNER_TEMP"),
  };
}

/** A command without Rivet's arguments. */
type Program = readonly [string, ...string[]];

function sources(flags: readonly string[]): Program {
  const own = ["run", "--frozen", "--config", join(ROOT, "deno.json")];
  return [Deno.execPath(), ...own, ...ENGINE_FLAGS, ...flags, join(ROOT, "main.ts")];
}

/** The executable of a release of the repository that the action is of. @throws Error when it cannot be had */
async function released({ version, temporary }: Inputs, env: Env): Promise<Program> {
  const folder = join(temporary, "rivet-bin");
  const own = `${env("GITHUB_SERVER_URL")}/${env("RIVET_ACTION_REPOSITORY")}/releases`;
  const { success } = await new Deno.Command("sh", {
    args: [join(ROOT, "install.sh")],
    env: {
      RIVET_VERSION: version,
      RIVET_INSTALL_DIR: folder,
      RIVET_RELEASES: env("RIVET_RELEASES") || own,
    },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) throw new Error(`version ${version} was not installed`);
  return [join(folder, "rivet")];
}

/** `--param` of the command's arguments: without them the configuration does not load. */
function parametersIn(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    if (/^--param=|^-p./.test(arg)) return [arg];
    return arg === "-p" || arg === "--param" ? args.slice(i, i + 2) : [];
  });
}

/** @returns the flags; those of any configuration where this one cannot be loaded, which the run says better. */
async function flagsOf({ config, command, args, permissions, temporary }: Inputs) {
  if (permissions !== "scoped" || !SCOPED.includes(command)) return PERMISSIONS;
  const processes = args.filter((arg) => arg === "--parallel-export-processes");
  const [program, ...first] = sources(PERMISSIONS);
  const { success, stdout } = await new Deno.Command(program, {
    args: [
      ...[...first, "permissions", "--json", "--config", config, "--path", temporary],
      ...[...processes, ...parametersIn(args)],
    ],
    stdin: "null",
    stderr: "null",
  }).output();
  if (!success) return PERMISSIONS;
  const { flags, notes } = JSON.parse(new TextDecoder().decode(stdout));
  // Credentials that come from a program, e.g. after `azure/login`.
  const started = (notes as string[]).some((note) => note.includes("--allow-run"));
  return [...(flags as string[]), ...(started ? ["--allow-run"] : [])];
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The run's totals as outputs, and a page for people; a run that never began has neither. */
async function tell(summary: string, env: Env): Promise<void> {
  const text = await textOf(summary);
  if (text === null || text === "") return;
  const run = JSON.parse(text);
  const outputs = `rows=${run.total_rows}\nfiles=${run.total_files}\nsummary=${summary}\n`;
  await Deno.writeTextFile(env("GITHUB_OUTPUT"), outputs, { append: true });
  await Deno.writeTextFile(env("GITHUB_STEP_SUMMARY"), stepSummary(run), { append: true });
}

/** @returns the exit code of the command. */
async function main(env: Env): Promise<number> {
  const inputs = inputsOf(env);
  const [program, ...first] = inputs.version === ""
    ? sources(await flagsOf(inputs))
    : await released(inputs, env);
  const args = [inputs.command, "--config", inputs.config];
  if (inputs.export !== "") args.push("--export", inputs.export);
  const summary = join(inputs.temporary, `rivet-summary-${crypto.randomUUID()}.json`);
  if (inputs.command === "run") args.push("--summary-output", summary);
  const { code } = await new Deno.Command(program, {
    args: [...first, ...args, ...inputs.args],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (inputs.command === "run") await tell(summary, env);
  return code;
}

if (import.meta.main) Deno.exit(await main((name) => Deno.env.get(name) ?? ""));
