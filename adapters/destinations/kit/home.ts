import { homedir } from "node:os";
import process from "node:process";

/** What container engines give a user whom the system does not know. */
const NOBODYS = "/";

/** The user's folder; the system is asked only where no variable says. */
export function homeOf(env: (name: string) => string | undefined): string {
  const named = env("HOME") ?? env("USERPROFILE");
  if (named !== undefined && named !== "") return named;
  // Null then, whatever its type says.
  const home: string | null = homedir();
  return home ?? NOBODYS;
}

/**
 * The libraries of the stores put names of files behind the home folder, and fail where there is none: a user
 * whom the system does not know, without `HOME`.
 */
export function ensureHome(): void {
  process.env.HOME ??= homeOf((name) => process.env[name]);
}
