/** `rivet doctor`: whether everything a run talks to can be reached with the credentials there are. */
import { openExportDestination } from "../tables/export_destination.ts";
import { requireChecksum } from "../query/checksum.ts";
import { requireServer } from "../access/capabilities.ts";
import { onlyHelps } from "../access/only_helps.ts";
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import type { DestinationConfig } from "../config/schema.ts";
import { TABLE_FORMATS } from "../config/table_formats.ts";
import { resolveTuning } from "../config/tuning.ts";
import { resolvePlaceholders } from "../manifest/names.ts";
import { withTable } from "../tables/open_table.ts";
import { type ErrorCode, type RivetError, toRivetError } from "../base/errors.ts";
import type { Adapters } from "../ports/adapters.ts";
import { type Access, type AnyDestination, isStream } from "../ports/destination.ts";
import type { Source } from "../ports/source.ts";
import { NotGrantedYetError } from "../ports/granted_access.ts";
import type { OpenedReader } from "../ports/state.ts";
import { answered } from "./answered.ts";
import { type Place, placesOf } from "./places.ts";

/** What kind of trouble it is, in the words of the documentation. */
export type DoctorCategory = "auth error" | "connectivity error" | "bucket not found" | "error";

/** One line of the doctor's answer. */
export interface DoctorCheck {
  readonly about:
    | "config"
    | "source"
    | "clock"
    | "export"
    | "destination"
    | "table"
    | "state"
    | "lineage";
  /** `Source auth (Postgres)`, `Destination S3(my-bucket)`. */
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  /** Of a failure. */
  readonly category: DoctorCategory | null;
  /** Of a failure, as a run would end with it. */
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly hint: string | null;
}

export interface DoctorDeps
  extends Pick<Adapters, "source" | "destination" | "table" | "openLineage"> {
  readonly state: () => Promise<OpenedReader>;
}

/** What `rivet doctor` is asked. */
export interface DoctorOptions {
  readonly config: LoadedConfig;
  /** Write and remove a probe at every destination, beside listing it. */
  readonly writeProbe: boolean;
  readonly signal: AbortSignal;
  /** How long each place, table, state and receiver is waited for. Default: as `answered` does. */
  readonly withinMs?: number;
}

/** One failure does not keep the others from being found. Never throws. */
export async function runDoctor(
  deps: DoctorDeps,
  options: DoctorOptions,
): Promise<readonly DoctorCheck[]> {
  const { config } = options;
  const found = await together([
    () => checkSource(deps, options),
    ...placesOf(config).map((place) => () => checkDestination(deps, place, options)),
    ...config.exports.map((exported) => () => checkTable(deps, exported, options)),
    () => checkState(deps, options),
    () => checkLineage(deps, options),
  ]);
  return [okCheck("config", "Config parsed successfully"), ...found.flat()];
}

/** How many are asked at a time, so that several that are silent cost the time of one. */
const AT_A_TIME = 8;

/** The answers in the order of the questions. */
async function together<T>(questions: readonly (() => Promise<T>)[]): Promise<T[]> {
  const answers: T[] = [];
  const rest = questions.entries();
  const ask = async () => {
    for (const [i, question] of rest) answers[i] = await question();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, ask));
  return answers;
}

function okCheck(about: DoctorCheck["about"], name: string, message?: string): DoctorCheck {
  const passed = { category: null, code: null, hint: null };
  return { about, name, status: "ok", ...passed, message: message ?? null };
}

export function failedCheck(
  about: DoctorCheck["about"],
  name: string,
  thrown: unknown,
): DoctorCheck {
  const error = toRivetError(thrown);
  return {
    about,
    name,
    status: "fail",
    category: categoryOf(error),
    code: error.code,
    message: error.message,
    hint: error.hint ?? null,
  };
}

const BY_CODE: Partial<Record<ErrorCode, DoctorCategory>> = {
  // The file itself is valid by now: a variable or file that it names for a secret is missing.
  CONFIG_INVALID: "auth error",
  SOURCE_AUTH: "auth error",
  SOURCE_PERMISSION: "auth error",
  SOURCE_UNREACHABLE: "connectivity error",
  SOURCE_TIMEOUT: "connectivity error",
  SOURCE_CAPACITY: "connectivity error",
  SOURCE_DISCONNECTED: "connectivity error",
  SOURCE_TLS: "connectivity error",
  DESTINATION_AUTH: "auth error",
  DESTINATION_NOT_FOUND: "bucket not found",
  DESTINATION_UNREACHABLE: "connectivity error",
  LINEAGE_FAILED: "connectivity error",
};

export function categoryOf({ code, category }: RivetError): DoctorCategory {
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  switch (category) {
    case "auth":
      return "auth error";
    case "network":
    case "disconnect":
    case "timeout":
    case "capacity":
      return "connectivity error";
    case "deadlock":
    case "permanent":
      return "error";
  }
}

async function checkSource(
  deps: DoctorDeps,
  { config, signal }: DoctorOptions,
): Promise<DoctorCheck[]> {
  let name = `Source auth (${config.source.type})`;
  let source: Source | null = null;
  try {
    const factory = await deps.source(config.source.type);
    name = `Source auth (${factory.title})`;
    source = await factory.connect({
      source: config.source,
      tuning: resolveTuning(config.source.tuning, {}, config.source.environment),
      applicationName: "rivet/doctor",
      signal,
    });
    await source.rows("SELECT 1");
    const { engine, version, warnings } = source.info;
    return [
      ...warnings.map(sourceWarning),
      okCheck("source", name, `${engine} ${version}`),
      ...await checkClock(source),
      ...await checkExportNeeds(source, config.exports),
    ];
  } catch (error) {
    return [failedCheck("source", name, error)];
  } finally {
    await source?.close();
  }
}

function sourceWarning(message: string): DoctorCheck {
  const rest = { category: null, code: null, hint: null };
  return { about: "source", name: "source", status: "warn", ...rest, message };
}

/** Only what the source cannot give is a finding. */
async function checkExportNeeds(
  source: Source,
  exports: readonly LoadedExport[],
): Promise<DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  for (const exported of exports) {
    try {
      await requireServer(source, exported);
      if (exported.reconcile === "checksum") requireChecksum(source, exported.name, []);
    } catch (error) {
      const check = failedCheck("export", `Export '${exported.name}'`, error);
      checks.push({ ...check, category: "error" });
    }
  }
  return checks;
}

/** Beyond this, `days_window` and cursors by time are off by what a person would notice. */
const MAX_SKEW_MS = 5_000;

async function checkClock(source: Source): Promise<DoctorCheck[]> {
  const serverTime = source.serverTimeMs;
  if (serverTime === undefined) return [];
  const before = Date.now();
  const server = await onlyHelps("the source's clock", () => serverTime.call(source), null);
  if (server === null) return [];
  const after = Date.now();
  const skew = Math.round(server - (before + after) / 2);
  // The answer was on its way for an unknown part of the round trip.
  const certain = Math.abs(skew) - (after - before) / 2;
  if (certain <= MAX_SKEW_MS) return [okCheck("clock", `Clock skew (${skew} ms)`)];
  const direction = skew > 0 ? "ahead of" : "behind";
  return [{
    about: "clock",
    name: "clock",
    status: "warn",
    category: null,
    code: null,
    message: `the source's clock is ${(Math.abs(skew) / 1000).toFixed(1)} s ${direction} ` +
      "this machine's",
    hint: "Synchronise both clocks: time windows start by this machine's clock.",
  }];
}

async function checkDestination(
  deps: DoctorDeps,
  { name, config, exported }: Place,
  { writeProbe, signal, withinMs }: DoctorOptions,
): Promise<DoctorCheck[]> {
  const look = { deps, exported, config, signal, withinMs };
  try {
    return await lookAt(look, async (destination, signal) => {
      if (isStream(destination)) return [okCheck("destination", name)];
      const asked = { write: writeProbe, list: true, compare: false };
      const { refused } = await destination.probe(asked, signal);
      return [okCheck("destination", name), ...refused.map((r) => refusal(name, r))];
    });
  } catch (error) {
    if (error instanceof NotGrantedYetError) return [notYet(name, error)];
    return [failedCheck("destination", name, error)];
  }
}

interface Look extends Pick<DoctorOptions, "signal" | "withinMs"> {
  readonly deps: DoctorDeps;
  readonly exported: LoadedExport;
  readonly config: DestinationConfig;
}

/** What is found at a destination that is opened and closed for it, if it answers in time. */
function lookAt<T>(
  { deps, exported, config, signal, withinMs }: Look,
  look: (destination: AnyDestination, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return answered(signal, "DESTINATION_UNREACHABLE", async (signal) => {
    const destination = await openExportDestination(deps, exported, config, signal, "look");
    try {
      return await look(destination, signal);
    } finally {
      await destination.close();
    }
  }, withinMs);
}

/** The destination could not be looked at, and nothing is wrong with that. */
function notYet(name: string, { message, hint }: NotGrantedYetError): DoctorCheck {
  const rest = { category: null, code: null, hint: hint ?? null };
  return { about: "destination", name, status: "warn", ...rest, message };
}

/** Whether the table of an export can be opened, through its catalog where it has one. */
async function checkTable(
  deps: DoctorDeps,
  exported: LoadedExport,
  { signal, withinMs }: DoctorOptions,
): Promise<DoctorCheck[]> {
  const { name: exportName, tableFormat: settings } = exported;
  if (settings === null) return [];
  const name = `Table (${TABLE_FORMATS[settings.type].title}, ${
    settings.identifier ?? exportName
  })`;
  try {
    const values = { exportName, runId: "doctor", at: new Date() };
    const config = resolvePlaceholders(exported.destination, values);
    const look = { deps, exported, config, signal, withinMs };
    const version = await lookAt(
      look,
      (destination, signal) =>
        withTable(
          { deps, exported, destination, signal },
          ({ current }) => current?.id ?? NO_TABLE,
        ),
    );
    return [okCheck("table", name, version ?? undefined)];
  } catch (error) {
    // A namespace that is missing has no tables.
    if (error instanceof NotGrantedYetError) return [okCheck("table", name, NO_TABLE)];
    return [failedCheck("table", name, error)];
  }
}

const NO_TABLE = "not there yet";

/** What exports do without. */
const WITHOUT: Record<Access["refused"][number]["what"], string> = {
  list: "it cannot be listed: --validate, 'rivet validate' and --resume do not work there",
  remove: "nothing can be removed: '.rivet-probe' stays, and nothing is moved to quarantine",
};

function refusal(name: string, { what, hint }: Access["refused"][number]): DoctorCheck {
  const message = WITHOUT[what];
  const rest = { category: null, code: null };
  return { about: "destination", name, status: "warn", ...rest, message, hint };
}

async function checkState(
  { state }: DoctorDeps,
  { signal, withinMs }: DoctorOptions,
): Promise<DoctorCheck[]> {
  try {
    return await answered(signal, "STATE_UNAVAILABLE", async () => {
      const store = await state();
      try {
        await store.cursors();
        return [okCheck("state", `State (${store.location})`)];
      } finally {
        await store.close();
      }
    }, withinMs);
  } catch (error) {
    return [failedCheck("state", "State", error)];
  }
}

async function checkLineage(
  { openLineage }: DoctorDeps,
  { config: { config }, signal, withinMs }: DoctorOptions,
): Promise<DoctorCheck[]> {
  if (config.lineage === undefined) return [];
  let name = "Lineage";
  try {
    const receiver = await openLineage(config.lineage);
    if (receiver === null) {
      return [okCheck("lineage", name, "switched off by OPENLINEAGE_DISABLED")];
    }
    name = `Lineage (${receiver.address})`;
    const { answer, doubt } = await answered(
      signal,
      "LINEAGE_FAILED",
      (signal) => receiver.probe(signal),
      withinMs,
    );
    const check = okCheck("lineage", name, doubt ?? answer);
    return [doubt === null ? check : { ...check, status: "warn" }];
  } catch (error) {
    return [failedCheck("lineage", name, error)];
  }
}
