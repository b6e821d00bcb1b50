/** What one process does of a run that several share out, as flags and environment say. */
import { ConfigError } from "../base/errors.ts";
import type { ChunkShare } from "../ports/state.ts";

/**
 * `task`: the chunks of its share. `claim`: whatever is left, and the finish when nothing is. `finish`: the
 * end of the run alone.
 */
export type TaskMode =
  | { readonly kind: "task"; readonly share: ChunkShare }
  | { readonly kind: "claim" }
  | { readonly kind: "finish" };

/** What `rivet apply` was asked on its command line. */
export interface TaskFlags {
  /** `I/N`. */
  readonly task?: string;
  readonly claim: boolean;
  readonly finish: boolean;
}

type Env = (name: string) => string | undefined;

/** Set by the Jobs of Kubernetes that are Indexed. */
const INDEX_ENV = "JOB_COMPLETION_INDEX";
const TASK_ENV = "RIVET_TASK";
export const TASKS_ENV = "RIVET_TASKS";

const usage = (message: string, hint: string) =>
  new ConfigError(message, [], { code: "USAGE", hint });

/**
 * Flags win over the environment, where a task is one only together with RIVET_TASKS: an index alone says
 * nothing of how many there are. null: the plan is applied by this process alone.
 * @throws ConfigError USAGE
 */
export function taskMode(flags: TaskFlags, env: Env): TaskMode | null {
  const given = [
    flags.task === undefined ? "" : "--task",
    flags.claim && "--claim",
    flags.finish && "--finish",
  ]
    .filter((flag) => flag !== "" && flag !== false);
  if (given.length > 1) {
    throw usage(`${given.join(" and ")} exclude each other`, "Give one of them.");
  }
  if (flags.claim) return { kind: "claim" };
  if (flags.finish) return { kind: "finish" };
  if (flags.task !== undefined) return { kind: "task", share: shareOf(flags.task, "--task") };
  return taskOfEnv(env);
}

function taskOfEnv(env: Env): TaskMode | null {
  const [task, tasks] = [env(TASK_ENV), env(TASKS_ENV)].map((text) =>
    text === "" ? undefined : text
  );
  const index = task ?? env(INDEX_ENV);
  if (tasks === undefined) {
    if (task === undefined) return null;
    throw usage(
      `${TASK_ENV} is set, and ${TASKS_ENV} is not`,
      `Set ${TASKS_ENV} to the number of tasks.`,
    );
  }
  if (index === undefined) {
    throw usage(
      `${TASKS_ENV} is set, and neither ${TASK_ENV} nor ${INDEX_ENV} says which task this is`,
      `Set ${TASK_ENV} from 0 to ${TASKS_ENV} - 1, or give --task I/N, --claim or --finish.`,
    );
  }
  const from = `${task === undefined ? INDEX_ENV : TASK_ENV} and ${TASKS_ENV}`;
  return { kind: "task", share: shareOf(`${index}/${tasks}`, from) };
}

function shareOf(text: string, from: string): ChunkShare {
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  const [index, of] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
  if (index < of) return { index, of };
  throw usage(
    `${from}: '${text}' is no task`,
    "I/N is task I of N, counted from 0: 0/8 to 7/8 are eight tasks.",
  );
}

/** For people: `3/8`. */
export function shareText({ index, of }: ChunkShare): string {
  return `${index}/${of}`;
}

const STATE_URL = "RIVET_STATE_URL";

/** @throws ConfigError USAGE: a file beside the plan is not one state for several machines. */
export function requireSharedState(env: Env): void {
  if (env(STATE_URL) !== undefined) return;
  throw usage(
    `tasks share their run through a state in PostgreSQL, and ${STATE_URL} is not set`,
    `Set ${STATE_URL}=postgres://... to the same database for every task and the finish.`,
  );
}
