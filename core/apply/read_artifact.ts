/** Sealed plans, read and checked: a plan is believed only after this (PA2, PA3, PA5, PA6, PA9). */
import { check, issueLine } from "../base/schema.ts";
import { readText } from "../config/read.ts";
import { ConfigError, RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { EXPIRES_AFTER_MS, fingerprintOf } from "../artifact/artifact.ts";
import { ARTIFACT_VERSION, isSigned, sealOf } from "../artifact/seal.ts";
import { plannedChunks, rangeKind, rangeProblem } from "../plan/chunk_ranges.ts";
import type { Gate } from "../run/sealed.ts";
import { type ArtifactData, artifactSchema } from "./artifact_schema.ts";

const PLAN_AGAIN = "Make a new one with `rivet plan --format json -o PATH`.";
const WARN_AFTER_MS = 60 * 60 * 1000;
/** Clocks of two machines may differ by this much. */
const FUTURE_MS = 15 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

export interface ReadOptions {
  readonly force: boolean;
  readonly now: Date;
  /** Of `--verify-key-env`: a plan that was not signed with it is refused. Null: signatures do not count. */
  readonly verifyKey: string | null;
}

/** One plan that may be executed. */
export interface CheckedPlan {
  readonly data: ArtifactData;
  /** What `--force` has let pass. */
  readonly forced: readonly Gate[];
}

function invalid(what: string): RivetError {
  return new RivetError("PLAN_INVALID", what, { hint: PLAN_AGAIN });
}

/** The artifacts in a file, as they stand there. @throws ConfigError, RivetError PLAN_INVALID */
export async function readArtifacts(path: string): Promise<unknown[]> {
  const file = await readText(path);
  if (!("text" in file)) {
    throw new ConfigError(`plan ${path} ${file.failure}`, [], {
      code: file.missing ? "CONFIG_NOT_FOUND" : "USAGE",
      hint: "Give the path of a plan that `rivet plan --format json -o PATH` wrote.",
    });
  }
  return parseArtifacts(path, file.text);
}

function parseArtifacts(path: string, text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^.*?JSON /, "") : "";
    throw new RivetError("PLAN_INVALID", `plan ${path} is not JSON (${reason})`, {
      hint: PLAN_AGAIN,
      cause,
    });
  }
  const plans = isObject(value) && "plans" in value ? value.plans : [value];
  if (!Array.isArray(plans) || plans.length === 0) throw invalid(`plan ${path} holds no plans`);
  return plans;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws RivetError PLAN_INVALID, PLAN_EDITED, PLAN_STALE; ConfigError when secrets are missing (PA9) */
export async function checkArtifact(raw: unknown, options: ReadOptions): Promise<CheckedPlan> {
  const sealed = await checkSeal(raw);
  if (options.verifyKey !== null) await checkSignature(sealed, options.verifyKey);
  const parsed = check(artifactSchema, raw);
  if (!parsed.success) {
    throw invalid(`the plan is not one of this version: ${issueLine(parsed.issues[0])}`);
  }
  const data = parsed.output;
  await checkAgreement(data);
  checkRanges(data);
  refuseMissingSecrets(data);
  return { data, forced: checkAge(data, options) };
}

function nameOf(raw: unknown): string {
  return isObject(raw) && typeof raw.export_name === "string"
    ? `'${raw.export_name}'`
    : "an export";
}

function edited(name: string, what: string): RivetError {
  return new RivetError("PLAN_EDITED", `the plan of ${name} was edited: ${what}`, {
    hint: `A sealed plan is executed as it was made, also with --force. ${PLAN_AGAIN}`,
  });
}

/** PA2, PA10: over the values as they stand in the file, all of them. */
async function checkSeal(raw: unknown): Promise<Record<string, unknown>> {
  if (!isObject(raw) || !isObject(raw.resolved_plan) || !isObject(raw.computed)) {
    throw invalid("this is no sealed plan: resolved_plan or computed is missing");
  }
  if (raw.artifact_version !== ARTIFACT_VERSION) {
    throw invalid(
      `the plan of ${
        nameOf(raw)
      } was sealed by another version of Rivet: its artifact_version is ` +
        `${JSON.stringify(raw.artifact_version ?? null)}, and this one applies ${ARTIFACT_VERSION}`,
    );
  }
  if (await sealOf(raw) !== raw.integrity) {
    throw edited(nameOf(raw), "its fields do not match its integrity hash");
  }
  return raw;
}

/** Whoever can write the file can compute the hash anew, and not the signature. */
async function checkSignature(raw: Record<string, unknown>, key: string): Promise<void> {
  if (raw.signature === undefined) {
    throw new RivetError("PLAN_INVALID", `the plan of ${nameOf(raw)} is not signed`, {
      hint: "Plan with --sign-key-env, with the key that --verify-key-env names here.",
    });
  }
  if (!await isSigned(raw, key)) {
    throw edited(nameOf(raw), "its signature is not of this key, or of other content");
  }
}

/** What stands outside of the seal must say the same as what is inside. */
async function checkAgreement(data: ArtifactData): Promise<void> {
  const name = `'${data.export_name}'`;
  const { resolved_plan } = data;
  if (data.export_name !== resolved_plan.export.name) {
    throw edited(name, `it is sealed for export '${resolved_plan.export.name}'`);
  }
  if (await fingerprintOf(resolved_plan) !== data.plan_fingerprint) {
    throw edited(name, "plan_fingerprint is of another query or another cut (PA6)");
  }
}

/** PA5. */
function checkRanges({ export_name, computed, resolved_plan }: ArtifactData): void {
  const { chunk_ranges, chunk_count } = computed;
  const problem = chunk_count === chunk_ranges.length
    ? rangeProblem(plannedChunks(chunk_ranges), rangeKind(resolved_plan.export))
    : `chunk_count is ${chunk_count}, and there are ${chunk_ranges.length} ranges`;
  if (problem !== null) {
    throw invalid(`the plan of '${export_name}' has wrong chunk ranges: ${problem}`);
  }
}

/** PA9: what was left out has to come from the environment. */
function refuseMissingSecrets({ export_name, resolved_plan: { redacted } }: ArtifactData): void {
  const needed = redacted.filter((path) => !path.startsWith("notifications."));
  if (needed.length < redacted.length) {
    logger().warn(
      `the plan of '${export_name}' holds no webhook, so nobody is notified; use webhook_url_env`,
    );
  }
  if (needed.length === 0) return;
  throw new ConfigError(
    `the plan of '${export_name}' holds no credentials: ${needed.join(", ")} stood in the ` +
      "configuration as plain text and was left out",
    [],
    {
      hint:
        "Put the secret into an environment variable, name it in the configuration with url_env or " +
        "password_env (or use url_file), and plan again: apply then reads it from there.",
    },
  );
}

/** PA3: by the age of the plan. */
function checkAge({ export_name, created_at }: ArtifactData, { force, now }: ReadOptions): Gate[] {
  const ageMs = now.getTime() - new Date(created_at).getTime();
  if (ageMs < -FUTURE_MS) {
    throw new RivetError(
      "PLAN_STALE",
      `the plan of '${export_name}' was made at ${created_at}, which is still to come`,
      { hint: "Set the clocks of the machines that plan and apply, and plan again." },
    );
  }
  if (ageMs < WARN_AFTER_MS) return [];
  const text = `the plan of '${export_name}' is ${(ageMs / HOUR_MS).toFixed(1)} h old`;
  if (ageMs <= EXPIRES_AFTER_MS) {
    logger().warn(`${text}: the source may have changed since`);
    return [];
  }
  if (!force) {
    throw new RivetError("PLAN_STALE", `${text}, and plans expire after 24 h`, {
      hint: "Make a new one with `rivet plan`, or apply this one with --force.",
    });
  }
  logger().warn(`${text}, and is applied because of --force`);
  return ["stale_plan"];
}
