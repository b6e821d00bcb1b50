/** What is wrong with a configuration, and where. */

/** Keys and list indexes from the top of the file, e.g. `["exports", 0, "chunk_size"]`. */
export type ConfigPath = readonly (string | number)[];

/** Both count from 1; a column counts UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly severity: "error" | "warning";
  readonly path: ConfigPath;
  readonly message: string;
  /** Null when the problem is not tied to a place in the file. */
  readonly position: Position | null;
}

/** `exports[0].columns["unit price"]`. */
export function formatPath(path: ConfigPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(part)) text += `[${JSON.stringify(shown(part))}]`;
    else text += text === "" ? part : `.${part}`;
  }
  return text;
}

/** `password:secret`, written without the space, may have become a key. */
function shown(key: string): string {
  return key.replace(/^(.{0,64}?(?:password|passwd|pwd|secret|url)\s*[:=]).*$/is, "$1...");
}

/** `rivet.yaml:12:5: exports[0].chunk_size: message`; the parts that do not exist are left out. */
export function formatProblem(file: string, problem: Problem): string {
  const { position } = problem;
  const place = position === null ? file : `${file}:${position.line}:${position.column}`;
  const path = formatPath(problem.path);
  return path === "" ? `${place}: ${problem.message}` : `${place}: ${path}: ${problem.message}`;
}

/** In file order, so that a list of problems reads from top to bottom. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const rank = (p: Problem) => p.position === null ? Infinity : p.position.line;
  const column = (p: Problem) => p.position?.column ?? 0;
  // Subtracting two infinities gives NaN, hence the comparison.
  return [...problems].sort((a, b) =>
    rank(a) === rank(b) ? column(a) - column(b) : rank(a) < rank(b) ? -1 : 1
  );
}
