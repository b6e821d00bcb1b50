/** The one list of notifiers. */
import type { NotificationsConfig } from "../../core/config/schema.ts";
import type { Notifier } from "../../core/ports/notifier.ts";

/**
 * The notifiers that the configuration asks for. Nothing is sent yet.
 * @throws ConfigError when one has no usable address.
 */
export async function openNotifiers(
  config: NotificationsConfig,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Promise<readonly Notifier[]> {
  if (config.slack === undefined) return [];
  const { openSlack } = await import("./slack.ts");
  return [openSlack(config.slack, env)];
}
