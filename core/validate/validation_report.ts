/** What `rivet validate` found. Property names are those of its JSON: public API. */
import { RIVET_VERSION } from "../base/version.ts";
import type { FileProblem } from "../ports/format.ts";
import type { PartState, PartVerdict } from "../manifest/verify_parts.ts";

export type FindingCode =
  | "part_missing"
  | "part_size_differs"
  | "part_content_differs"
  /** It was read: no reader finds its way through it, or it holds other rows than recorded. */
  | "part_unreadable"
  /** `verify: content`, and the destination offers nothing but the size. */
  | "part_size_only"
  | "run_not_successful"
  | "success_missing"
  | "success_mismatch"
  /** The run ended between its manifest and its `_SUCCESS`. */
  | "success_of_older_run"
  | "manifest_invalid"
  /** There is a `_SUCCESS`, and no manifest that it could be of. */
  | "manifest_missing"
  | "part_empty"
  /** Of `table_format`. */
  | "table_missing"
  | "table_lacks_run"
  | "table_has_more"
  | "nothing_to_validate"
  | "destination_failed";

export interface Finding {
  readonly code: FindingCode;
  readonly message: string;
  /** What to do about it, where the error that it comes from says so. */
  readonly hint?: string;
}

export interface PartReport {
  readonly path: string;
  readonly status: PartState;
  readonly verified_by: PartVerdict["by"];
  readonly expected_size_bytes: number | null;
  readonly size_bytes: number | null;
  /** Where it is damaged; null: nowhere, or it was not read. */
  readonly problem: FileProblem | null;
}

/** What was found in one export's folder. */
export interface ExportValidation {
  readonly export_name: string;
  /** null when the folder names no run. */
  readonly run_id: string | null;
  /** `not_applicable`: a stream leaves nothing that could be validated. */
  readonly status: "pass" | "fail" | "not_applicable";
  /** M6: no manifest; checked against the file log, or for mere presence, and no more. */
  readonly legacy_run: boolean;
  readonly destination: { readonly kind: string; readonly uri: string };
  /** Key of the manifest that was used. */
  readonly manifest: string | null;
  readonly success_marker: "match" | "other_run" | "missing" | "mismatch" | "not_checked";
  readonly row_count: number | null;
  /** `3 verified: 2 md5, 1 size only`. */
  readonly coverage: string;
  readonly superseded: number;
  readonly quarantined: number;
  readonly parts: readonly PartReport[];
  /** Any of them makes the export fail. */
  readonly findings: readonly Finding[];
  readonly warnings: readonly string[];
}

/** All exports, and how many of them passed. */
export interface ValidationReport {
  readonly rivet_version: string;
  readonly validated_at: string;
  readonly exports: readonly ExportValidation[];
  readonly summary: {
    readonly exports: number;
    readonly passed: number;
    readonly failed: number;
  };
}

export function validationReport(exports: readonly ExportValidation[]): ValidationReport {
  const count = (status: ExportValidation["status"]) =>
    exports.filter((e) => e.status === status).length;
  return {
    rivet_version: RIVET_VERSION,
    validated_at: new Date().toISOString(),
    exports,
    summary: { exports: exports.length, passed: count("pass"), failed: count("fail") },
  };
}

export function partReport(part: PartVerdict): PartReport {
  return {
    path: part.path,
    status: part.state,
    verified_by: part.by,
    expected_size_bytes: part.expectedBytes,
    size_bytes: part.foundBytes,
    problem: part.problem,
  };
}

export const PART_FINDINGS: Record<Exclude<PartState, "verified">, FindingCode> = {
  missing: "part_missing",
  size_differs: "part_size_differs",
  content_differs: "part_content_differs",
  unreadable: "part_unreadable",
  size_only: "part_size_only",
};
