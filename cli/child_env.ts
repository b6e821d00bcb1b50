/** The environment of a child of `--parallel-export-processes`. */

/** `1` for a child: it prints events instead of summaries. */
export const EVENTS_ENV = "RIVET_IPC_EVENTS";

/**
 * `stdin` for a child with a parent: the end of its standard input asks it to stop at a safe point. It works
 * on every platform, and when the parent dies; a signal from the terminal reaches the child as well and
 * must not count twice.
 */
export const STOP_ENV = "RIVET_IPC_STOP";
