/** `docs/reliability.md` and `docs/correctness.md`: what was broken, and how often it held. */
import type {
  NamedKills,
  TableKills,
  TaskRounds,
  TortureResults,
} from "../../tests/torture/results.ts";
import { FAULTS } from "./faults.ts";
import { code, table } from "./markdown.ts";

const FROM_RESULTS =
  "<!-- Written by `deno task docs` from `docs/generate/faults.ts` and `docs/reliability.json`, which " +
  "`deno task torture` writes. -->\n";

function faultTable({ suites }: TortureResults): string {
  const rows = FAULTS.map(({ broken, how, then, suites: paths }) => [
    broken,
    how,
    then,
    paths.map(code).join(", "),
    String(paths.reduce((sum, path) => sum + (suites[path] ?? 0), 0)),
  ]);
  return table(["broken", "how", "what a run does", "tests", "passed"], rows);
}

const column = ({ engine, place, state }: Omit<NamedKills, "points" | "mode">) =>
  `${engine}, ${place}, ${state}`;

function namedTable({ named }: TortureResults): string {
  const columns = [...new Set(named.map(column))];
  const modes = [...new Set(named.map(({ mode }) => mode))];
  const killed = (mode: string, head: string) => {
    const found = named.find((kills) => kills.mode === mode && column(kills) === head);
    return found === undefined ? "-" : String(found.points.length);
  };
  const rows = modes.map((mode) => [mode, ...columns.map((head) => killed(mode, head))]);
  return table(["mode", ...columns], rows);
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

/** What was broken on purpose. */
export function reliabilityPage(results: TortureResults): string {
  const named = sum(results.named.map(({ points }) => points.length));
  const random = sum(results.random.map(({ killed }) => killed));
  return `${FROM_RESULTS}
# What was broken on purpose

Each line is tests that the gate runs, against real servers where its words name one, with how many of them, steps
included, passed when they were counted last, on ${results.written}.

${faultTable(results)}

## Killed at a named write

SIGKILL before or after a write, then the next run; every row is in one manifest that counts, once. The gate kills at
each of these points on PostgreSQL with a local folder, and a sample of the rest; \`deno task torture\` goes through
all combinations in a random order for as long as it is given. Its last run came to ${named} of ${results.namedOf}, and no
row was lost or doubled.

${namedTable(results)}

A dash: not a mode of that engine, or the time was up. Another ${random} runs were killed at random moments:
[correctness](correctness.md).
${results.tables === undefined ? "" : tablesText(results.tables)}
Not tried here: real AWS, GCS and Azure, a real SQL Server, a machine that loses power, disks that lie about fsync.
`;
}

function tablesText(tables: readonly TableKills[]): string {
  const rows = tables.map(({ format, work, points, whole }) => [
    ...[format, work],
    ...["before", "after"].map((m) => String(points.filter((p) => p.startsWith(m)).length)),
    whole ? "yes" : "the time was up",
  ]);
  return `
Repairs of table formats, and the run that writes Delta's checkpoint, are killed around each object that they write;
half a repair is never seen, and the next run or repair leaves what the source has. The gate runs a sample
(\`tests/crash/tables_test.ts\`).

${table(["format", "work", "died before", "died after", "every object"], rows)}
`;
}

function tasksText(tasks: readonly TaskRounds[]): string {
  const rows = tasks.map((line) => [
    `\`--${line.form}\``,
    ...[line.processes, line.rounds, line.killed, line.stopped, line.rows].map(String),
  ]);
  const head = ["form", "processes", "rounds", "killed", "stopped", "rows of each round"];
  return `
Processes that share one plan are killed, or stopped for longer than their lease and continued, at random for two
minutes or until the work is done, with another seed in each round. Then the manifest has every row once, each chunk was committed once, the run was finished once, and
no part lies beside the data but in the quarantine.

${table(head, rows)}
`;
}

/** What was killed at random moments. */
export function correctnessPage({ random, seed, written, tasks = [] }: TortureResults): string {
  const rows = random.map((line) => [
    ...[line.engine, line.mode, line.place, line.state],
    ...[line.rounds, line.killed, line.rows].map(String),
  ]);
  const head = ["engine", "mode", "destination", "state", "rounds", "killed", "rows compared"];
  return `${FROM_RESULTS}
# What was killed, and what the manifests said

Found by \`deno task torture\` on ${written} (seed ${seed}). A process exports a table while another adds rows to
it; it is killed with SIGKILL at random moments, some times in a row on the same state. Then a last run ends by itself,
and DuckDB reads the committed parts of the manifests that count: every row of the source is there, once.
${sum(random.map(({ killed }) => killed))} processes died.

${table(head, rows)}
${tasks.length === 0 ? "" : tasksText(tasks)}
Kills at each named write are in [reliability](reliability.md#killed-at-a-named-write); concurrent changes without
kills, for every cut, in \`tests/live/cuts/\`, and of SQL Server in \`tests/live/mssql/cuts_test.ts\`: on a server
that evaluates each statement of an export, with random changes before it. The gate runs a sample of these rounds
(\`tests/live/torture/\`).
`;
}
