/**
 * What the schema accepts and this version does not execute yet. A run of such a feature is refused
 * before anything is read; a feature that lands deletes its entry here.
 */
import { RivetError } from "../errors.ts";
import type { LoadedConfig, LoadedExport } from "./loaded.ts";
import { type ConfigPath, formatPath, type Problem } from "./problem.ts";

interface Feature {
  /** As a user would name it. */
  readonly name: string;
  /** The key that asks for it. */
  readonly path: ConfigPath;
}

interface ConfigFeature extends Feature {
  readonly used: (config: LoadedConfig) => boolean;
}

interface ExportFeature extends Feature {
  readonly used: (entry: LoadedExport) => boolean;
}

const CONFIG_FEATURES: readonly ConfigFeature[] = [];

const EXPORT_FEATURES: readonly ExportFeature[] = [];

/** The names of what is not available, for the documentation. */
export const UNAVAILABLE_FEATURES: readonly string[] = [...CONFIG_FEATURES, ...EXPORT_FEATURES]
  .map((feature) => feature.name);

function problem(feature: Feature, prefix: ConfigPath): Problem {
  return {
    severity: "error",
    path: [...prefix, ...feature.path],
    message: `${feature.name} is not available yet in this version`,
    position: null,
  };
}

/** What the export (or, with null, any export) asks for and this version cannot do; empty is good. */
export function unavailable(config: LoadedConfig, exportName: string | null): Problem[] {
  const problems = CONFIG_FEATURES.filter((f) => f.used(config)).map((f) => problem(f, []));
  config.exports.forEach((entry, i) => {
    if (exportName !== null && entry.name !== exportName) return;
    for (const feature of EXPORT_FEATURES) {
      if (feature.used(entry)) problems.push(problem(feature, ["exports", i]));
    }
  });
  return problems;
}

/** @throws RivetError NOT_AVAILABLE that names every such feature. */
export function assertAvailable(config: LoadedConfig, exportName: string | null): void {
  const problems = unavailable(config, exportName);
  if (problems.length === 0) return;
  const lines = problems.map((p) => `${formatPath(p.path)}: ${p.message}`);
  throw new RivetError("NOT_AVAILABLE", lines.join("\n"), {
    hint: "`rivet run -e NAME` runs the exports that do without it.",
  });
}
