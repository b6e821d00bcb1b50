/** What `deno task torture` has found last: `docs/reliability.json`, which two pages are written from. */

/** Runs that were killed at a named write, and recovered. */
export interface NamedKills {
  readonly engine: string;
  readonly mode: string;
  readonly place: string;
  readonly state: string;
  /** `before destination.put #1`, as they came. */
  readonly points: string[];
}

/** Runs that were killed at random moments. */
export interface RandomKills {
  readonly engine: string;
  readonly mode: string;
  readonly place: string;
  readonly state: string;
  rounds: number;
  killed: number;
  /** In the source at the end of each round, each of them once in the manifests. */
  rows: number;
}

/** Processes of one plan that were killed and stopped at random moments. */
export interface TaskRounds {
  readonly form: string;
  readonly processes: number;
  rounds: number;
  killed: number;
  stopped: number;
  /** Of each round, each of them once in its manifest. */
  readonly rows: number;
}

/** Repairs or checkpoints of tables that were killed around an object that they write, and done again. */
export interface TableKills {
  readonly format: string;
  readonly work: string;
  /** `before destination.put #1`, as they came. */
  readonly points: string[];
  /** There is no object more to die at. */
  whole: boolean;
}

export interface TortureResults {
  /** YYYY-MM-DD */
  readonly written: string;
  readonly seed: number;
  /** Path of tests -> how many of them passed, steps included. */
  readonly suites: Record<string, number>;
  /** How many named kills there are, had all of them been tried. */
  readonly namedOf: number;
  readonly named: readonly NamedKills[];
  readonly random: readonly RandomKills[];
  /** Absent until they were tried. */
  readonly tasks?: readonly TaskRounds[];
  /** Absent until they were tried. */
  readonly tables?: readonly TableKills[];
}

export const RESULTS: URL = new URL("../../docs/reliability.json", import.meta.url);
