/** The places that exports write to, as who only looks at them asks for them. */
import { azureContainer } from "../config/azure_container.ts";
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import type { DestinationConfig } from "../config/schema.ts";
import { resolvePlaceholders } from "../manifest/names.ts";

/** One place, and what it is called. */
export interface Place {
  readonly name: string;
  readonly config: DestinationConfig;
  /** One of those that write there. */
  readonly exported: LoadedExport;
}

/** The distinct places of all exports: those that differ in a placeholder only are one. */
export function placesOf({ exports }: LoadedConfig): Place[] {
  const places = new Map<string, Place>();
  for (const exported of exports) {
    const key = JSON.stringify(withoutPlaceholders(exported.destination));
    if (places.has(key)) continue;
    places.set(key, { name: placeName(exported), config: placeOf(exported), exported });
  }
  return [...places.values()];
}

/** A template up to the folder that its first placeholder is in. */
function fixedPart(template: string): string {
  const brace = template.indexOf("{");
  if (brace < 0) return template;
  return template.slice(0, template.lastIndexOf("/", brace) + 1);
}

function withoutPlaceholders(config: DestinationConfig): DestinationConfig {
  switch (config.type) {
    case "local":
      return { ...config, path: fixedPart(config.path) };
    case "s3":
    case "gcs":
    case "azure":
      return { ...config, prefix: fixedPart(config.prefix) };
    case "stdout":
      return config;
  }
}

/** Below a bucket, permissions may end at an export's own prefix; a folder need not exist yet. */
export function placeOf({ name, destination }: LoadedExport): DestinationConfig {
  if (destination.type === "local") return withoutPlaceholders(destination);
  return resolvePlaceholders(destination, { exportName: name, runId: "doctor", at: new Date() });
}

function placeName({ config }: LoadedExport): string {
  const { destination } = config;
  switch (destination.type) {
    case "local":
      return `Destination Local(${fixedPart(destination.path).replace(/(?<=.)\/+$/, "") || "."})`;
    case "s3":
      return `Destination S3(${destination.bucket})`;
    case "gcs":
      return `Destination GCS(${destination.bucket})`;
    case "azure":
      return `Destination Azure(${azureContainer(destination)})`;
    case "stdout":
      return "Destination Stdout";
  }
}
