/** What commands need from the rest of the program. Built by `program.ts`, replaced by fakes in tests. */
import type { LoadedPlans, LoadPlansOptions } from "../core/apply/load_plans.ts";
import type { LoadedConfig, NamedConfig } from "../core/config/loaded.ts";
import type { Discovered, DiscoverRequest } from "../core/discover/connect.ts";
import type { HeldPlans } from "../core/artifact/hold_plans.ts";
import type { PlannedExports, PlanOptions } from "../core/artifact/plan_exports.ts";
import type { ForeignState } from "../core/ports/foreign_state.ts";
import type { Permissions, PermissionsRequest } from "../core/permissions/permissions.ts";
import type { OpenedReader, StateStore } from "../core/ports/state.ts";
import type { CheckOptions, ExportCheck } from "../core/preflight/check_exports.ts";
import type { DoctorCheck, DoctorOptions } from "../core/preflight/doctor.ts";
import type { ProcessOptions } from "../core/processes/run_in_processes.ts";
import type { RunAggregate } from "../core/report/summary.ts";
import type { RunOptions } from "../core/run/run_options.ts";
import type { ReconcileOptions } from "../core/reconcile/reconcile.ts";
import type { ReconcileReport } from "../core/reconcile/reconcile_report.ts";
import type { RepairOptions, RepairResult } from "../core/repair/repair.ts";
import type { TaskFlags, TaskMode } from "../core/tasks/task_mode.ts";
import type { ValidateOptions } from "../core/validate/validate.ts";
import type { ValidationReport } from "../core/validate/validation_report.ts";
import type { Globals } from "./globals.ts";
import type { Screen } from "./render/screen.ts";

/** A folder, a file or a URL, or the variable that holds one. */
export type ForeignPlace = { readonly from: string } | { readonly variable: string };

/** One function per thing that a command asks for. */
export interface Services {
  /** @throws ConfigError with every problem at once. */
  loadConfig(path: string, params: ReadonlyMap<string, string>): Promise<LoadedConfig>;
  /** Its exports' names, whatever else is wrong with it. @throws ConfigError */
  loadNames(path: string): Promise<NamedConfig>;
  /** The state beside the config, or where RIVET_STATE_URL points. The caller closes it. */
  openState(config: Pick<NamedConfig, "dir">): Promise<StateStore>;
  /** The same, to be read: empty where there is none, and none is made. */
  readState(config: Pick<NamedConfig, "dir">): Promise<OpenedReader>;
  /** Another tool's state. @throws StateError, ConfigError USAGE for a variable that is not set */
  readForeignState(place: ForeignPlace): Promise<ForeignState>;
  /** What a database holds; reads its catalog. @throws ConfigError, SourceError */
  discover(request: DiscoverRequest): Promise<Discovered>;
  /** An export that would fail is in the list. @throws SourceError when the source is out of reach. */
  checkExports(options: CheckOptions): Promise<readonly ExportCheck[]>;
  /** The narrowest that a configuration runs with. @throws ConfigError */
  permissions(request: PermissionsRequest): Promise<Permissions>;
  /** What fails is in the list. */
  runDoctor(options: DoctorOptions): Promise<readonly DoctorCheck[]>;
  /** Failed exports are in the aggregate; only what concerns the run as a whole is thrown. */
  runExports(options: RunOptions): Promise<RunAggregate>;
  /** Whether a plan is one process's task of several. @throws ConfigError USAGE */
  taskMode(flags: TaskFlags): Promise<TaskMode | null>;
  /** What one of several processes does of a plan. @throws ConfigError USAGE without a shared state */
  runTasks(options: RunOptions, mode: TaskMode): Promise<RunAggregate>;
  /** As `runExports`, each export in a process of its own. */
  runProcesses(options: RunOptions, processes: ProcessOptions): Promise<RunAggregate>;
  /** Reads no row, writes no file. */
  planExports(options: PlanOptions): Promise<PlannedExports>;
  /** The same in snapshots, which are kept until they are released. */
  holdPlans(options: PlanOptions): Promise<HeldPlans>;
  /** The key that a flag's variable holds. @throws ConfigError USAGE */
  signingKey(flag: string, variable: string): Promise<string>;
  /** Every plan of the file, checked. @throws RivetError PLAN_INVALID, PLAN_EDITED, PLAN_STALE */
  loadPlans(path: string, options: LoadPlansOptions): Promise<LoadedPlans>;
  /** The exports of a config wave by wave; null: in this process. */
  applyConfig(options: RunOptions, processes: ProcessOptions | null): Promise<RunAggregate>;
  /** What is missing or differs is in the report. */
  validateExports(config: LoadedConfig, options: ValidateOptions): Promise<ValidationReport>;
  /** What differs is in the report. */
  reconcileExport(options: ReconcileOptions): Promise<ReconcileReport>;
  /** What went wrong after the first chunk was repaired is in the result. */
  repairExport(options: RepairOptions): Promise<RepairResult>;
}

/** What every command is given. */
export interface CommandContext {
  readonly services: Services;
  readonly screen: Screen;
  readonly globals: Globals;
  /** A child of --parallel-export-processes: events on stdout instead of summaries. */
  readonly childEvents?: boolean;
  /** From the call on, Ctrl-C aborts the signal once instead of ending the process. */
  interruptSignal(): AbortSignal;
}
