/** What connections warn of (no TLS, a pooler in between): said once per configuration, not once per export. */
import { logger } from "../base/log.ts";
import type { SourceConfig } from "../config/schema.ts";
import type { SourceInfo } from "../ports/source.ts";

const told = new WeakMap<SourceConfig, Set<string>>();

/** Logs those that were not logged for this source before. */
export function tellWarnings(
  config: SourceConfig,
  { warnings }: Pick<SourceInfo, "warnings">,
): void {
  const known = told.get(config) ?? new Set();
  told.set(config, known);
  for (const warning of warnings) {
    if (known.has(warning)) continue;
    known.add(warning);
    logger().warn(warning);
  }
}
