/** The order of `rivet apply <config>`: ascending waves with a barrier between them, no wave last. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { ConfigError } from "../base/errors.ts";

export interface Wave {
  /** null: the exports without one. */
  readonly wave: number | null;
  readonly exports: readonly LoadedExport[];
}

/** @throws ConfigError when no export has a wave. */
export function wavesOf(config: LoadedConfig): Wave[] {
  const numbers = new Set(config.exports.map((e) => e.config.wave ?? null));
  if (numbers.size === 1 && numbers.has(null)) {
    throw new ConfigError(`no export of ${config.path} has a wave`, [], {
      code: "USAGE",
      hint:
        "`rivet plan -c` writes `wave:` into a configuration of several exports; or set it by hand. " +
        "`rivet run -c` runs them in the order of the file.",
    });
  }
  return [...numbers]
    .sort((a, b) => (a ?? Infinity) - (b ?? Infinity))
    .map((wave) => ({
      wave,
      exports: config.exports.filter((e) => (e.config.wave ?? null) === wave),
    }));
}

/**
 * What runs at the same time: the `parallel_safe` exports of a wave together, each other one alone.
 * A group begins when the one before it has ended.
 */
export function parallelGroups(waves: readonly Wave[]): (readonly LoadedExport[])[] {
  return waves.flatMap(({ exports }) => {
    const safe = exports.filter((e) => e.config.parallel_safe === true);
    const alone = exports.filter((e) => e.config.parallel_safe !== true).map((e) => [e]);
    return safe.length > 0 ? [safe, ...alone] : alone;
  });
}
