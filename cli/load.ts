/** Loading a config for a command. */
import type { LoadedConfig, NamedConfig } from "../core/config/loaded.ts";
import { logger } from "../core/base/log.ts";
import type { LeasedState, StateReader, StateStore } from "../core/ports/state.ts";
import type { CommandContext } from "./services.ts";

/** Loads the config and logs what about it is worth a WARN. */
export async function loadConfig(
  ctx: CommandContext,
  path: string,
  params: ReadonlyMap<string, string> = new Map(),
): Promise<LoadedConfig> {
  const config = await ctx.services.loadConfig(path, params);
  // A child's parent has said so already.
  if (ctx.childEvents !== true) { for (const warning of config.warnings) logger().warn(warning); }
  return config;
}

/** For commands that only look at the state: the config may lack whatever a run would need. */
export function loadNames(ctx: CommandContext, path: string): Promise<NamedConfig> {
  return ctx.services.loadNames(path);
}

/** Runs `body` with the config's state, which is closed afterwards whatever happens. */
export async function withState<T>(
  ctx: CommandContext,
  config: NamedConfig,
  body: (state: StateStore) => Promise<T>,
): Promise<T> {
  const state = await ctx.services.openState(config);
  try {
    return await body(state);
  } finally {
    await state.close();
  }
}

/** The same for a command that only reads: where there is no state, none is made. */
export async function readingState<T>(
  ctx: CommandContext,
  config: NamedConfig,
  body: (state: StateReader) => Promise<T>,
): Promise<T> {
  const state = await ctx.services.readState(config);
  try {
    return await body(state);
  } finally {
    await state.close();
  }
}

/**
 * Runs `body` with what the state remembers of one export, to be changed.
 * @throws RivetError LEASE_HELD while a run of the export goes on.
 */
export async function withExportState<T>(
  ctx: CommandContext,
  state: StateStore,
  exportName: string,
  body: (state: LeasedState) => Promise<T>,
): Promise<T> {
  const { withLease }: typeof import("../core/lease/lease.ts") = await import(
    "../core/lease/lease.ts" as string
  );
  const settings = { signal: ctx.interruptSignal() };
  return await withLease(state, exportName, settings, (lease) => body(lease.state));
}
