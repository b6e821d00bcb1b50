import { homedir } from "node:os";
import process from "node:process";

/**
 * The libraries of the stores put names of files behind the home folder, and fail where there is none: a user
 * whom the system does not know, without `HOME`. `/` is what container engines give such a user.
 */
export function ensureHome(): void {
  // Null then, whatever its type says.
  const home: string | null = homedir();
  if (home === null) process.env.HOME = "/";
}
