/** The one list of notifiers, and the receiver of lineage beside them. */
import type { LineageConfig, NotificationsConfig } from "../../core/config/schema.ts";
import { registry } from "../../core/ports/adapters.ts";
import { type NeedsOf, together } from "../../core/ports/needs.ts";
import type { LineageReceiver } from "../../core/ports/lineage.ts";
import type { Notifier } from "../../core/ports/notifier.ts";

type Env = (name: string) => string | undefined;
type Name = keyof NotificationsConfig;
/** Makes a notifier of its block of the configuration. */
type Opener<N extends Name> = (config: NonNullable<NotificationsConfig[N]>, env: Env) => Notifier;
/** What is paired by `Loaders`. */
type AnyOpener = (config: never, env: Env) => Notifier;
type Loaders = { readonly [N in Name]-?: () => Promise<Opener<N>> };

const LOADERS: Loaders = {
  slack: async () =>
    (await import("./slack.ts" as string) as typeof import("./slack.ts")).openSlack,
};

type Declared = {
  readonly [N in Name]-?: () => Promise<NeedsOf<NonNullable<NotificationsConfig[N]>>>;
};

const NEEDS: Declared = {
  slack: async () =>
    (await import("./slack.ts" as string) as typeof import("./slack.ts")).slackNeeds,
};

const needs = registry<Name, NeedsOf<never>>("notifier", NEEDS);
const load = registry<Name, AnyOpener>("notifier", LOADERS);

/**
 * The notifiers that the configuration asks for. Nothing is sent yet.
 * @throws ConfigError when one has no usable address.
 */
export async function openNotifiers(
  config: NotificationsConfig,
  env: Env = (name) => Deno.env.get(name),
): Promise<readonly Notifier[]> {
  const wanted = Object.entries(config).filter(([, block]) => block !== undefined);
  return await Promise.all(
    wanted.map(async ([name, block]) => (await load(name))(block as never, env)),
  );
}

/** What sending needs, of every notifier that the configuration asks for. */
export const notifierNeeds: NeedsOf<NotificationsConfig> = async (config, env) => {
  const wanted = Object.entries(config).filter(([, block]) => block !== undefined);
  const all = wanted.map(async ([name, block]) => await (await needs(name))(block as never, env));
  return together(...await Promise.all(all));
};

/** A receiver of OpenLineage events; null when the environment has switched it off. */
export async function openLineage(
  config: LineageConfig,
  env: Env = (name) => Deno.env.get(name),
): Promise<LineageReceiver | null> {
  return (await lineageModule()).openLineage(config, env);
}

/** What sending such events needs. */
export const lineageNeeds: NeedsOf<LineageConfig> = async (config, env) =>
  await (await lineageModule()).lineageNeeds(config, env);

const lineageModule = async () =>
  await import("./openlineage.ts" as string) as typeof import("./openlineage.ts");
