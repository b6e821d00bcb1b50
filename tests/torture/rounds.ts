/** The kills of `deno task torture`, over all that they are combined with. */
import { crash, type CrashPlace } from "../crash/crash_cases.ts";
import { type CrashCase, crashCases } from "../crash/points.ts";
import { createDatabase, type TestServer } from "../support/postgres.ts";
import { MODES, type Place, torture, type TortureSource } from "./kills.ts";
import type { NamedKills, RandomKills, TaskRounds, TortureResults } from "./results.ts";
import { tortureTasks } from "./tasks.ts";

const KILLS_EACH = 9;

export interface NamedSource {
  readonly name: string;
  readonly source: TortureSource;
}

/** What kills are combined with. */
export interface Bench {
  readonly sources: readonly NamedSource[];
  readonly s3Endpoint: string;
  readonly stateServer: Pick<TestServer, "url">;
}

const STATES = ["SQLite", "PostgreSQL"] as const;
type StateKind = typeof STATES[number];
const PLACES = ["local", "s3"] as const;

/** An empty state of its own. */
async function withState<T>(
  { stateServer }: Bench,
  kind: StateKind,
  body: (url: string | null) => Promise<T>,
): Promise<T> {
  if (kind === "SQLite") return await body(null);
  const state = await createDatabase(stateServer);
  try {
    return await body(state.url);
  } finally {
    await state.drop();
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed * 7919 + 17;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

interface NamedCase {
  readonly named: NamedSource;
  readonly place: typeof PLACES[number];
  readonly state: StateKind;
  readonly one: CrashCase;
}

const group = ({ named, place, state, one }: NamedCase) =>
  [named.name, place, state, one.mode].join();

/** In random order, but first one of every engine, destination, state and mode. */
function inOrder(cases: readonly NamedCase[], seed: number): NamedCase[] {
  const all = shuffled(cases, randomOf(seed));
  const seen = new Set<string>();
  const first = all.filter((one) => !seen.has(group(one)) && seen.add(group(one)));
  return [...first, ...all.filter((one) => !first.includes(one))];
}

/** @param until when to stop, of `performance.now()`; every combination comes first. */
export async function killAtNamedWrites(
  bench: Bench,
  seed: number,
  until: number,
): Promise<Pick<TortureResults, "named" | "namedOf">> {
  const cases = bench.sources.flatMap((named) =>
    PLACES.flatMap((place) =>
      STATES.flatMap((state) =>
        crashCases(named.source.type).map((one) => ({ named, place, state, one }))
      )
    )
  );
  const groups = new Map<string, NamedKills>();
  for (const [n, next] of inOrder(cases, seed).entries()) {
    const known = groups.get(group(next));
    if (known !== undefined && performance.now() > until) break;
    const { named: { name: engine, source }, place, state, one } = next;
    const at: CrashPlace = place === "local"
      ? { kind: "local" }
      : { kind: "s3", endpoint: bench.s3Endpoint, prefix: `named/${seed}/${n}/` };
    await withState(bench, state, (stateUrl) => crash({ source, place: at, stateUrl }, one));
    const kills = known ?? { engine, mode: one.mode, place, state, points: [] };
    kills.points.push(`${one.moment} ${one.point} #${one.occurrence}`);
    groups.set(group(next), kills);
    console.log(`${engine}, ${place}, ${state}, ${one.mode}: ${kills.points.at(-1)}`);
  }
  const modes: string[] = cases.map(({ one }) => one.mode);
  const named = [...groups.values()]
    .sort((a, b) => modes.indexOf(a.mode) - modes.indexOf(b.mode));
  return { named, namedOf: cases.length };
}

/** @param until as above; one round each comes first, with every other state in turn. */
export async function killAtRandom(
  bench: Bench,
  firstSeed: number,
  until: number,
): Promise<RandomKills[]> {
  const lines: RandomKills[] = [];
  let seed = firstSeed;
  for (let round = 0; round === 0 || performance.now() < until; round++) {
    for (const [m, mode] of MODES.entries()) {
      for (const [p, kind] of PLACES.entries()) {
        for (const [s, { name: engine, source }] of bench.sources.entries()) {
          if (round > 0 && performance.now() > until) return lines;
          const state = STATES[(round + m + p + s) % STATES.length];
          const place: Place = kind === "local" ? { kind } : { kind, endpoint: bench.s3Endpoint };
          const result = await withState(
            bench,
            state,
            (stateUrl) =>
              torture({ source, mode, place, stateUrl, kills: KILLS_EACH, seed: seed++ }),
          );
          add(lines, { engine, mode: mode.name, place: kind, state }, result);
          console.log(`${engine}, ${mode.name}, ${kind}, ${state}: ${result.killed} killed`);
        }
      }
    }
  }
  return lines;
}

function add(
  lines: RandomKills[],
  of: Pick<RandomKills, "engine" | "mode" | "place" | "state">,
  { killed, rows }: { readonly killed: number; readonly rows: number },
): void {
  const same = (l: RandomKills) =>
    l.engine === of.engine && l.mode === of.mode && l.place === of.place && l.state === of.state;
  let line = lines.find(same);
  if (line === undefined) lines.push(line = { ...of, rounds: 0, killed: 0, rows: 0 });
  line.rounds++;
  line.killed += killed;
  line.rows += rows;
}

/** What `--task` and `--claim` are tortured with. */
const SHARED = { processes: 8, rows: 2_000_000, chunkSize: 20_000, leaseSeconds: 5 };
const CHAOS_MS = 120_000;
const SHARED_ROUNDS = 20;

/** @param until as above; one round of each form comes first, and twenty of each are the most. */
export async function killTasks(
  { sources, stateServer }: Bench,
  firstSeed: number,
  until: number,
): Promise<TaskRounds[]> {
  const lines: TaskRounds[] = [];
  const source = sources.find((named) => named.source.type === "postgres")?.source;
  if (source === undefined) return lines;
  for (let round = 0; round < SHARED_ROUNDS; round++) {
    for (const form of ["task", "claim"] as const) {
      if (round > 0 && performance.now() > until) return lines;
      const state = await createDatabase(stateServer);
      try {
        const { killed, stopped, taken } = await tortureTasks({
          ...{ ...SHARED, source, stateUrl: state.url, form },
          ...{ chaosMs: CHAOS_MS, seed: firstSeed + round },
        });
        const before = lines.find((line) => line.form === form);
        const line = before ??
          { form, processes: 8, rounds: 0, killed: 0, stopped: 0, rows: SHARED.rows };
        if (before === undefined) lines.push(line);
        line.rounds++;
        line.killed += killed;
        line.stopped += stopped;
        console.log(`--${form}: ${killed} killed, ${stopped} stopped, ${taken} claims taken over`);
      } finally {
        await state.drop();
      }
    }
  }
  return lines;
}
