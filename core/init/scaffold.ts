/** A configuration that runs as it is, from what was discovered: `rivet init`. */
import type { Discovery } from "../discover/discover.ts";
import { RIVET_VERSION } from "../base/version.ts";
import { scaffoldExport } from "./export_block.ts";
import { exportNames } from "./export_names.ts";
import type { ScaffoldedExport, ScaffoldOptions } from "./options.ts";
import { YamlText } from "./yaml_text.ts";

export interface Scaffold {
  readonly yaml: string;
  readonly exports: readonly ScaffoldedExport[];
}

/** YAML that loads without an error, one export a table, and what its author should know. */
export function scaffold(discovery: Discovery, options: ScaffoldOptions): Scaffold {
  const names = exportNames(discovery.tables.map(({ table }) => table.name));
  const exports = discovery.tables.map((found, i) => ({ name: names[i], found }));
  const yaml = new YamlText();
  yaml.comment(0, `Written by rivet init ${RIVET_VERSION} from '${discovery.scope}'.`);
  yaml.comment(0, "It runs as it is; `rivet check` examines it, `rivet doctor` its connections.");
  yaml.blank();
  writeSource(yaml, options);
  yaml.blank();
  yaml.block(0, "exports");
  for (const exported of exports) {
    scaffoldExport(yaml, exported, options);
    yaml.blank();
  }
  for (const { table, reason } of discovery.leftOut) {
    yaml.comment(1, `left out: ${table.reference}: ${reason}`);
  }
  return { yaml: `${yaml.toString().trimEnd()}\n`, exports };
}

function writeSource(yaml: YamlText, { sourceType, url, tls }: ScaffoldOptions): void {
  yaml.block(0, "source");
  yaml.entry(1, "type", sourceType);
  yaml.entry(1, url.key, url.value, "the URL stays out of this file");
  if (tls === null) {
    yaml.comment(
      1,
      "tls:                            encrypts the connection; without it rows cross",
    );
    yaml.comment(1, "  mode: verify-full             the network in plaintext (a WARN says so)");
  } else {
    yaml.block(1, "tls");
    yaml.entry(2, "mode", tls.mode);
    if (tls.caFile !== null) yaml.entry(2, "ca_file", tls.caFile);
  }
  yaml.block(1, "tuning");
  yaml.entry(2, "profile", "balanced", "safe | balanced | fast: how hard the source may be worked");
}
