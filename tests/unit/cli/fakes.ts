/** Stand-ins for what commands talk to. */
import type { CommandContext, Services } from "../../../cli/services.ts";
import { granting } from "../../support/lease.ts";
import { Screen } from "../../../cli/render/screen.ts";
import type { TextStream } from "../../../cli/render/text_stream.ts";
import type { LoadedConfig, LoadedExport } from "../../../core/config/loaded.ts";
import type { LeasedState, OpenedReader, StateStore } from "../../../core/ports/state.ts";
import type { ExportSummary, RunAggregate } from "../../../core/report/summary.ts";

/** A stream that keeps what is written; a terminal when it has a size. */
export class FakeStream implements TextStream {
  text = "";
  #size: { columns: number; rows: number } | undefined;

  constructor(size?: { columns: number; rows: number }) {
    this.#size = size;
  }

  get isTerminal(): boolean {
    return this.#size !== undefined;
  }

  size(): { columns: number; rows: number } | undefined {
    return this.#size;
  }

  resize(columns: number): void {
    this.#size = { columns, rows: this.#size?.rows ?? 24 };
  }

  write(text: string): void {
    this.text += text;
  }
}

const ESCAPE = "\x1b";
const CONTROL_OR_CHARACTER = new RegExp(`${ESCAPE}\\[[?\\d;]*[A-Za-z]|[^]`, "g");

/** What a terminal shows after `text`: lines, without trailing blanks. */
export function visibleLines(text: string): string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  for (const token of text.match(CONTROL_OR_CHARACTER) ?? []) {
    const control = token.length === 1 ? null : /(\??[\d;]*)([A-Za-z])$/.exec(token);
    if (control !== null) {
      const count = Number(control[1] || "1");
      if (control[2] === "A") row = Math.max(0, row - count);
      else if (control[2] === "B") row += count;
      else if (control[2] === "G") column = 0;
      else if (control[2] === "K") lines[row].splice(control[1] === "2" ? 0 : column);
      else if (control[1] !== "?2026") throw new Error(`unknown control ${JSON.stringify(token)}`);
    } else if (token === "\n") {
      row++;
      column = 0;
    } else {
      lines[row][column++] = token;
    }
    while (lines.length <= row) lines.push([]);
  }
  const shown = lines.map((line) => Array.from(line, (c) => c ?? " ").join("").trimEnd());
  while (shown.at(-1) === "") shown.pop();
  return shown;
}

/** Exports by name, each with a local destination unless another type is given (`name: stdout`). */
export function fakeConfig(...names: string[]): LoadedConfig {
  const exports = names.map((entry) => {
    const [name, type = "local"] = entry.split(": ");
    return { name, destination: { type } } as Partial<LoadedExport> as LoadedExport;
  });
  const config: Partial<LoadedConfig> = {
    path: "/etc/rivet.yaml",
    dir: "/etc",
    exports,
    config: { parallel_exports: false } as LoadedConfig["config"],
  };
  return { ...config, warnings: [] } as Partial<LoadedConfig> as LoadedConfig;
}

export function fakeSummary(fields: Partial<ExportSummary> = {}): ExportSummary {
  return {
    exportName: "orders",
    runId: "orders_20260329T125109.336",
    status: "success",
    mode: "full",
    profile: "balanced",
    batchSize: null,
    format: "parquet",
    compression: "zstd",
    destination: "./output",
    startedAt: "2026-03-29T12:51:09.336Z",
    finishedAt: "2026-03-29T12:51:12.536Z",
    durationMs: 3200,
    rows: 150_000,
    files: 1,
    bytes: 13_002_342,
    peakRssMb: 142.3,
    retries: 0,
    validated: null,
    reconciled: null,
    schemaChanged: null,
    quality: [],
    chunks: null,
    error: null,
    ...fields,
  };
}

export function fakeAggregate(...exports: ExportSummary[]): RunAggregate {
  const count = (status: ExportSummary["status"]) =>
    exports.filter((e) => e.status === status).length;
  return {
    rivetVersion: "0.1.0",
    startedAt: "2026-03-29T12:51:09.336Z",
    finishedAt: "2026-03-29T12:51:12.536Z",
    durationMs: 3200,
    succeeded: count("success"),
    failed: count("failed"),
    skipped: count("skipped"),
    rows: exports.reduce((sum, e) => sum + e.rows, 0),
    files: exports.reduce((sum, e) => sum + e.files, 0),
    bytes: exports.reduce((sum, e) => sum + e.bytes, 0),
    exports,
  };
}

export interface FakeContext extends CommandContext {
  readonly out: FakeStream;
  readonly err: FakeStream;
  readonly closed: { count: number };
}

/** A context whose services are the given ones; any other one throws when it is used. */
export function fakeContext(
  parts: {
    config?: LoadedConfig;
    state?: Partial<StateStore & LeasedState>;
    discover?: Services["discover"];
    runDoctor?: Services["runDoctor"];
    checkExports?: Services["checkExports"];
    runExports?: Services["runExports"];
    runTasks?: Services["runTasks"];
    taskMode?: Services["taskMode"];
    runProcesses?: Services["runProcesses"];
    planExports?: Services["planExports"];
    holdPlans?: Services["holdPlans"];
    loadPlans?: Services["loadPlans"];
    applyConfig?: Services["applyConfig"];
    childEvents?: boolean;
    validateExports?: Services["validateExports"];
    reconcileExport?: Services["reconcileExport"];
    repairExport?: Services["repairExport"];
    out?: FakeStream;
    err?: FakeStream;
    quiet?: boolean;
    signal?: AbortSignal;
  },
): FakeContext {
  const out = parts.out ?? new FakeStream();
  const err = parts.err ?? new FakeStream();
  const closed = { count: 0 };
  const close = () => {
    closed.count++;
    return Promise.resolve();
  };
  const missing = (what: string) => () => Promise.reject(new Error(`${what} is not expected`));
  const { config, state } = parts;
  return {
    out,
    err,
    closed,
    screen: new Screen(out, err),
    globals: {
      ...{ jsonErrors: false, exitClass: false, verbose: 0, logFormat: "text" },
      quiet: parts.quiet ?? false,
    },
    childEvents: parts.childEvents ?? false,
    interruptSignal: () => parts.signal ?? new AbortController().signal,
    services: {
      loadConfig: config === undefined ? missing("loadConfig") : () => Promise.resolve(config),
      loadNames: config === undefined ? missing("loadNames") : () => Promise.resolve(config),
      readState: state === undefined
        ? missing("readState")
        : () => Promise.resolve({ ...state, close } as Partial<OpenedReader> as OpenedReader),
      openState: state === undefined ? missing("openState") : () =>
        Promise.resolve(
          { ...granting(state), ...state, close } as Partial<StateStore> as StateStore,
        ),
      readForeignState: missing("readForeignState"),
      discover: parts.discover ?? missing("discover"),
      permissions: missing("permissions"),
      runDoctor: parts.runDoctor ?? missing("runDoctor"),
      checkExports: parts.checkExports ?? missing("checkExports"),
      runExports: parts.runExports ?? missing("runExports"),
      runTasks: parts.runTasks ?? missing("runTasks"),
      taskMode: parts.taskMode ?? (() => Promise.resolve(null)),
      runProcesses: parts.runProcesses ?? missing("runProcesses"),
      planExports: parts.planExports ?? missing("planExports"),
      holdPlans: parts.holdPlans ?? missing("holdPlans"),
      signingKey: (_, variable) => Promise.resolve(`key in ${variable}`),
      loadPlans: parts.loadPlans ?? missing("loadPlans"),
      applyConfig: parts.applyConfig ?? missing("applyConfig"),
      validateExports: parts.validateExports ?? missing("validateExports"),
      reconcileExport: parts.reconcileExport ?? missing("reconcileExport"),
      repairExport: parts.repairExport ?? missing("repairExport"),
    },
  };
}
