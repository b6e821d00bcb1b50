/**
 * What the program is started with wherever a launcher of ours starts it; it cannot be set from inside.
 *
 * Half of what the engine keeps for young objects (`--max-semi-space-size`, in MB), of every thread: rows are in
 * buffers, and next to nothing is left of the objects around them (docs/adr/0039-start-and-memory-as-installed.md).
 */
export const ENGINE_FLAGS: readonly string[] = ["--v8-flags=--max-semi-space-size=1"];
