/** `rivet validate`: M5 and M6 against an existing destination. The source is not queried. */
import { openExportDestination } from "../tables/export_destination.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { ConfigError, toRivetError } from "../base/errors.ts";
import {
  type AnyDestination,
  bound,
  type BoundDestination,
  isStream,
} from "../ports/destination.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { StateStore } from "../ports/state.ts";
import { runTime } from "../manifest/names.ts";
import {
  findManifest,
  type FoundManifest,
  type Marker,
  markerOf,
} from "../manifest/find_manifest.ts";
import { validateLegacy } from "./legacy.ts";
import { type TableVerdict, validateTable } from "./validate_table.ts";
import { placeOfExport, type ValidatePlace } from "./validate_place.ts";
import {
  type ExportValidation,
  type Finding,
  PART_FINDINGS,
  partReport,
  type ValidationReport,
  validationReport,
} from "./validation_report.ts";
import {
  coverageText,
  manifestCheck,
  partProblem,
  type PartVerdict,
  verifyDestination,
  type VerifyOptions,
} from "../manifest/verify_parts.ts";

export interface ValidateDeps extends Pick<Adapters, "destination" | "format" | "table"> {
  /** Opened only when the destination alone does not say enough. The caller closes it. */
  readonly state: () => Promise<Pick<StateStore, "files" | "metrics">>;
}

/** What `rivet validate` is asked. */
export interface ValidateOptions extends ValidatePlace {
  readonly exports: readonly LoadedExport[];
  /** Which files are parts in a folder without a manifest; null for the export's own format. */
  readonly format: "parquet" | "csv" | null;
  /** Read every part, wherever it lies, and go through it as a reader would. */
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

/** An export whose destination fails is a finding; the other exports are still validated. */
export async function validateExports(
  deps: ValidateDeps,
  options: ValidateOptions,
): Promise<ValidationReport> {
  const validations: ExportValidation[] = [];
  for (const exported of options.exports) {
    validations.push(await validateExport(deps, options, exported));
  }
  return validationReport(validations);
}

async function validateExport(
  deps: ValidateDeps,
  options: ValidateOptions,
  exported: LoadedExport,
): Promise<ExportValidation> {
  let destination: AnyDestination | null = null;
  try {
    const { config, runId } = await placeOfExport(deps, options, exported);
    destination = await openExportDestination(deps, exported, config, options.signal, "look");
    if (isStream(destination)) return notApplicable(exported, destination);
    const place = bound(destination, options.signal);
    const found = await findManifest(place, exported.name, runId);
    if (found !== null) {
      const { manifest } = found;
      const table = await validateTable(deps, exported, destination, manifest, options.signal);
      const content = exported.config.verify === "content";
      const verify = { content, deep: options.deep, check: manifestCheck(deps, manifest) };
      return withVerdict(
        await validateManifest(place, exported, { found, table, verify }),
        table,
      );
    }
    const format = options.format ?? exported.config.format;
    return await validateLegacy({
      ...{ destination: place, state: deps.state, exported, runId, format },
      ...{ formats: deps, deep: options.deep },
    });
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (error.code === "INTERRUPTED") throw error;
    const code = error.code === "VALIDATION_FAILED"
      ? "manifest_invalid"
      : error instanceof ConfigError
      ? "nothing_to_validate"
      : "destination_failed";
    return {
      ...blank(exported, destination),
      status: "fail",
      findings: [{ code, message: error.message, hint: error.hint }],
    };
  } finally {
    await destination?.close();
  }
}

function withVerdict(validation: ExportValidation, table: TableVerdict): ExportValidation {
  const findings = [...validation.findings, ...table.findings];
  return {
    ...validation,
    findings,
    status: findings.length === 0 ? "pass" : "fail",
    warnings: [...validation.warnings, ...table.warnings],
  };
}

function blank(
  exported: LoadedExport,
  destination: Pick<AnyDestination, "uri"> | null,
): ExportValidation {
  return {
    export_name: exported.name,
    run_id: null,
    status: "pass",
    legacy_run: false,
    destination: {
      kind: exported.destination.type,
      uri: destination?.uri ?? exported.destination.type,
    },
    manifest: null,
    success_marker: "not_checked",
    row_count: null,
    coverage: "0 verified",
    superseded: 0,
    quarantined: 0,
    parts: [],
    findings: [],
    warnings: [],
  };
}

function notApplicable(exported: LoadedExport, stream: AnyDestination): ExportValidation {
  return {
    ...blank(exported, stream),
    status: "not_applicable",
    warnings: ["a stream leaves nothing that could be validated"],
  };
}

async function validateManifest(
  destination: BoundDestination,
  exported: LoadedExport,
  { found, table: { rewritten }, verify }: {
    readonly found: FoundManifest;
    readonly table: TableVerdict;
    readonly verify: VerifyOptions;
  },
): Promise<ExportValidation> {
  const { manifest } = found;
  const marker = await markerOf(destination, found);
  const verification = await verifyDestination(destination, manifest, verify);
  const findings = [
    ...runFindings(found, marker),
    ...verification.parts
      .filter(({ path, state }) => state !== "missing" || !rewritten.has(path))
      .flatMap(partFinding),
  ];
  return {
    ...blank(exported, destination),
    run_id: manifest.run_id,
    status: findings.length === 0 ? "pass" : "fail",
    manifest: found.key,
    success_marker: marker.kind,
    row_count: manifest.row_count,
    coverage: coverageText(verification),
    superseded: verification.superseded,
    quarantined: verification.quarantined,
    parts: verification.parts.map(partReport),
    findings,
    warnings: found.newerFailed === null
      ? []
      : [`the later run '${found.newerFailed}' did not succeed; its parts are not part of this`],
  };
}

function runFindings({ manifest }: FoundManifest, marker: Marker): Finding[] {
  if (manifest.status !== "success") {
    const message = `run '${manifest.run_id}' did not succeed (${manifest.status})`;
    return [{ code: "run_not_successful", message }];
  }
  switch (marker.kind) {
    case "match":
      return [];
    case "missing":
      return [{ code: "success_missing", message: "there is no _SUCCESS for the manifest" }];
    case "mismatch":
      return [{ code: "success_mismatch", message: marker.problem }];
    case "other_run": {
      const older = runTime(marker.runId, manifest.export_name) !== null &&
        marker.runId < manifest.run_id;
      if (!older) return [];
      const message = `_SUCCESS is of the earlier run '${marker.runId}': run ` +
        `'${manifest.run_id}' was cut off before its end`;
      return [{ code: "success_of_older_run", message }];
    }
  }
}

function partFinding(part: PartVerdict): Finding[] {
  const message = partProblem(part);
  if (part.state === "verified" || message === null) return [];
  return [{ code: PART_FINDINGS[part.state], message }];
}
