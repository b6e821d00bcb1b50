/** What an export's files are called as a dataset: the same from run to run (docs/adr/0034-lineage.md). */
import { azureContainer } from "../config/azure_container.ts";
import type { DestinationConfig } from "../config/schema.ts";
import { resolvePlaceholders } from "../manifest/names.ts";

export interface DatasetName {
  readonly namespace: string;
  readonly name: string;
}

/** What changes from run to run, or within one. */
const VARYING = /\{(date|run_id|partition)\}/;

/** A template without the folders at its end that vary. */
function fixedFolders(template: string): string {
  const folders = template.split("/").filter((folder, i) => folder !== "" || i === 0);
  while (folders.length > 0 && VARYING.test(folders[folders.length - 1])) folders.pop();
  return folders.join("/");
}

/** `{export}` and `{table}` filled in; what varies further up stays as it is written. */
function named(template: string, exportName: string): string {
  const fixed = fixedFolders(template);
  const config = { type: "local", path: fixed.replaceAll(/[{](?!export|table)/g, "\0") } as const;
  const place = { exportName, runId: "", at: new Date(0) };
  const filled = resolvePlaceholders(config, place);
  return filled.type === "local" ? filled.path.replaceAll("\0", "{") : fixed;
}

/**
 * By OpenLineage's naming; null: the rows go nowhere that has a name.
 * @param uri of the opened destination, which knows an account that the configuration does not name.
 */
export function outputDataset(
  config: DestinationConfig,
  exportName: string,
  uri: string,
): DatasetName | null {
  switch (config.type) {
    case "local":
      return { namespace: "file", name: named(config.path, exportName) || "/" };
    case "s3":
      return { namespace: `s3://${config.bucket}`, name: named(config.prefix, exportName) || "/" };
    case "gcs":
      return { namespace: `gs://${config.bucket}`, name: named(config.prefix, exportName) || "/" };
    case "azure": {
      const host = URL.parse(uri)?.host ?? `${config.account_name}.blob.core.windows.net`;
      const namespace = `wasbs://${azureContainer(config)}@${host}`;
      return { namespace, name: named(config.prefix, exportName) || "/" };
    }
    case "stdout":
      return null;
  }
}
