/** The one list of notifiers. */
import type { NotificationsConfig } from "../../core/config/schema.ts";
import { registry } from "../../core/ports/adapters.ts";
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
