/** The whole command line: every command, and who executes it. */
import { type InferValue, merge, or } from "@optique/core";
import { applyCommand, executeApply } from "./apply.ts";
import { checkCommand, executeCheck } from "./check.ts";
import { completionsCommand, executeCompletions } from "./completions.ts";
import { doctorCommand, executeDoctor } from "./doctor.ts";
import { globalOptions } from "./global_options.ts";
import { executeInit, initCommand } from "./init.ts";
import { executeJournal, journalCommand } from "./journal.ts";
import { executeMetrics, metricsCommand } from "./metrics.ts";
import { executePermissions, permissionsCommand } from "./permissions.ts";
import { executePlan, planCommand } from "./plan.ts";
import { executeReconcile, reconcileCommand } from "./reconcile.ts";
import { executeRepairCommand, repairCommand } from "./repair.ts";
import { executeReport, reportCommand } from "./report.ts";
import { executeRun } from "./run.ts";
import { runCommand } from "./run_command.ts";
import {
  executeSchemaCli,
  executeSchemaConfig,
  SCHEMA_SUBCOMMANDS,
  schemaCommand,
} from "./schema.ts";
import type { CommandContext } from "./services.ts";
import { STATE_SUBCOMMANDS, stateCommand } from "./state.ts";
import { executeStateChunks } from "./state_commands/chunks.ts";
import { executeStateFiles } from "./state_commands/files.ts";
import { executeStateImport } from "./state_commands/import.ts";
import { executeStateLocks } from "./state_commands/locks.ts";
import { executeProgression } from "./state_commands/progression.ts";
import { executeStateRun } from "./state_commands/run.ts";
import { executeStateSet } from "./state_commands/set.ts";
import { executeStateReset } from "./state_commands/reset.ts";
import { executeResetChunks } from "./state_commands/reset_chunks.ts";
import { executeStateShow } from "./state_commands/show.ts";
import { executeStateUnlock } from "./state_commands/unlock.ts";
import { executeValidate, validateCommand } from "./validate.ts";

/** What prepares and does; `or` takes fifteen commands at most. */
const work = or(
  initCommand,
  doctorCommand,
  checkCommand,
  permissionsCommand,
  runCommand,
  planCommand,
  applyCommand,
  validateCommand,
  reconcileCommand,
  repairCommand,
);

/** What looks at what is remembered, and at the program itself. */
const looks = or(
  stateCommand,
  metricsCommand,
  journalCommand,
  reportCommand,
  schemaCommand,
  completionsCommand,
);

export const grammar = merge(or(work, looks), globalOptions);

export type Invocation = InferValue<typeof grammar>;

/** Command -> its subcommands; none for a command that runs by itself. */
export const COMMAND_TREE: Readonly<Record<string, readonly string[]>> = {
  init: [],
  doctor: [],
  check: [],
  permissions: [],
  run: [],
  plan: [],
  apply: [],
  validate: [],
  reconcile: [],
  repair: [],
  state: STATE_SUBCOMMANDS,
  metrics: [],
  journal: [],
  report: [],
  schema: SCHEMA_SUBCOMMANDS,
  completions: [],
};

/** As `rivet schema cli` and the reference describe it. */
export const COMMAND_LINE = { grammar, tree: COMMAND_TREE };

/** @throws RivetError when the command did not do what it was asked to. */
export function execute(invocation: Invocation, ctx: CommandContext): Promise<void> {
  switch (invocation.command) {
    case "init":
      return executeInit(invocation, ctx);
    case "check":
      return executeCheck(invocation, ctx);
    case "permissions":
      return executePermissions(invocation, ctx);
    case "doctor":
      return executeDoctor(invocation, ctx);
    case "run":
      return executeRun(invocation, ctx);
    case "plan":
      return executePlan(invocation, ctx);
    case "apply":
      return executeApply(invocation, ctx);
    case "validate":
      return executeValidate(invocation, ctx);
    case "reconcile":
      return executeReconcile(invocation, ctx);
    case "repair":
      return executeRepairCommand(invocation, ctx);
    case "state show":
      return executeStateShow(invocation, ctx);
    case "state set":
      return executeStateSet(invocation, ctx);
    case "state import":
      return executeStateImport(invocation, ctx);
    case "state reset":
      return executeStateReset(invocation, ctx);
    case "state progression":
      return executeProgression(invocation, ctx);
    case "state locks":
      return executeStateLocks(invocation, ctx);
    case "state unlock":
      return executeStateUnlock(invocation, ctx);
    case "state files":
      return executeStateFiles(invocation, ctx);
    case "state chunks":
      return executeStateChunks(invocation, ctx);
    case "state run":
      return executeStateRun(invocation, ctx);
    case "state reset-chunks":
      return executeResetChunks(invocation, ctx);
    case "metrics":
      return executeMetrics(invocation, ctx);
    case "journal":
      return executeJournal(invocation, ctx);
    case "report":
      return executeReport(invocation, ctx);
    case "schema config":
      return executeSchemaConfig(ctx);
    case "schema cli":
      return executeSchemaCli(ctx, COMMAND_LINE);
    case "completions":
      return executeCompletions(invocation, ctx);
    default:
      return invocation satisfies never;
  }
}
