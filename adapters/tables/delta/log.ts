/**
 * Reading a table's log: the last checkpoint, then commit after commit until there is none. A log that was
 * cut behind its checkpoint is found by a listing.
 */
import { RivetError } from "../../../core/base/errors.ts";
import { logger } from "../../../core/base/log.ts";
import type { TableStore } from "../../../core/ports/table_format.ts";
import {
  type Action,
  commitKey,
  LAST_CHECKPOINT,
  LOG,
  parseActions,
  versionName,
} from "./actions.ts";
import { Snapshot } from "./snapshot.ts";

interface Checkpoint {
  readonly version: number;
  readonly keys: readonly string[];
}

const loadCheckpoints = () =>
  import("./checkpoint.ts" as string) as Promise<typeof import("./checkpoint.ts")>;

/** What `_last_checkpoint` says; null where it says nothing that can be read. */
async function lastCheckpoint(store: TableStore): Promise<Checkpoint | null> {
  const bytes = await store.read(LAST_CHECKPOINT);
  if (bytes === null) return null;
  try {
    const { version, parts } = JSON.parse(new TextDecoder().decode(bytes)) as {
      version: number;
      parts?: number | null;
    };
    return Number.isSafeInteger(version) ? { version, keys: checkpointKeys(version, parts) } : null;
  } catch {
    return null;
  }
}

/** Of a checkpoint in one file, or in several. */
function checkpointKeys(version: number, parts: number | null | undefined): string[] {
  const name = `${LOG}${versionName(version)}.checkpoint`;
  if (parts === null || parts === undefined) return [`${name}.parquet`];
  const ten = (n: number) => String(n).padStart(10, "0");
  return Array.from({ length: parts }, (_, i) => `${name}.${ten(i + 1)}.${ten(parts)}.parquet`);
}

const NAME = /\/(\d{20})(?:\.(json)|\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet)$/;

/** The newest whole checkpoint, and the newest commit, of what a listing names. */
async function listed(store: TableStore, prefix: string) {
  const parts = new Map<string, { version: number; of: number | null; found: number }>();
  let newest = -1;
  for await (const { key } of store.list(prefix)) {
    const match = NAME.exec(key);
    if (match === null) continue;
    const version = Number(match[1]);
    if (match[2] !== undefined) {
      newest = Math.max(newest, version);
      continue;
    }
    const of = match[3] === undefined ? null : Number(match[3]);
    const known = parts.get(`${version} ${of}`) ?? { version, of, found: 0 };
    parts.set(`${version} ${of}`, { ...known, found: known.found + 1 });
  }
  const whole = [...parts.values()].filter(({ of, found }) => found === (of ?? 1));
  const last = whole.sort((a, b) => b.version - a.version)[0];
  const checkpoint = last === undefined
    ? null
    : { version: last.version, keys: checkpointKeys(last.version, last.of) };
  return { newest, checkpoint };
}

async function applyCheckpoint(
  store: TableStore,
  snapshot: Snapshot,
  { version, keys }: Checkpoint,
): Promise<boolean> {
  const { readCheckpoint } = await loadCheckpoints();
  for (const key of keys) {
    const bytes = await store.read(key);
    if (bytes === null) return false;
    snapshot.apply(await readCheckpoint(bytes), version);
  }
  return true;
}

/** The actions of a version; null: it is not there yet. @throws RivetError TABLE_UNSUPPORTED */
async function readCommit(store: TableStore, version: number): Promise<Action[] | null> {
  const bytes = await store.read(commitKey(version));
  if (bytes === null) return null;
  try {
    return parseActions(bytes);
  } catch (cause) {
    throw damaged(store, `${commitKey(version)} is not a commit`, cause);
  }
}

/** Applies what has been committed since. @returns the actions of those versions, in order. */
export async function catchUp(store: TableStore, snapshot: Snapshot): Promise<Action[]> {
  const since: Action[] = [];
  for (;;) {
    const actions = await readCommit(store, snapshot.version + 1);
    if (actions === null) return since;
    snapshot.apply(actions, snapshot.version + 1);
    since.push(...actions);
  }
}

/** Versions that one look for later ones covers. */
const WINDOW_DIGITS = 3;

async function readFrom(
  store: TableStore,
  checkpoint: Checkpoint | null,
): Promise<Snapshot | null> {
  const snapshot = new Snapshot();
  if (checkpoint !== null && !await applyCheckpoint(store, snapshot, checkpoint)) return null;
  await catchUp(store, snapshot);
  const window = versionName(Math.max(0, snapshot.version)).slice(0, -WINDOW_DIGITS);
  const there = await listed(store, LOG + window);
  return there.newest > snapshot.version ||
      (there.checkpoint?.version ?? -1) > snapshot.version
    ? null
    : snapshot;
}

/** @throws RivetError TABLE_UNSUPPORTED for a log that cannot be read */
export async function readLog(store: TableStore): Promise<Snapshot> {
  const near = await readFrom(store, await lastCheckpoint(store));
  if (near !== null && (near.version >= 0 || await isEmpty(store))) {
    return requireWhole(store, near);
  }
  const { checkpoint } = await listed(store, LOG);
  const found = checkpoint === null ? null : await readFrom(store, checkpoint);
  if (found === null) throw damaged(store, "versions are missing from its log");
  return requireWhole(store, found);
}

async function isEmpty(store: TableStore): Promise<boolean> {
  const { newest, checkpoint } = await listed(store, LOG);
  return newest < 0 && checkpoint === null;
}

function requireWhole(store: TableStore, snapshot: Snapshot): Snapshot {
  const { version, protocol, metaData } = snapshot;
  if (version >= 0 && (protocol === null || metaData === null)) {
    throw damaged(store, "its log begins without protocol and schema");
  }
  return snapshot;
}

function damaged({ uri }: TableStore, why: string, cause?: unknown): RivetError {
  return new RivetError("TABLE_UNSUPPORTED", `the Delta table ${uri} cannot be read: ${why}`, {
    hint:
      "Restore what is missing or damaged there, e.g. an older version of the object; or write the table " +
      "anew at another place.",
    cause,
  });
}

const DEFAULT_INTERVAL = 10;

/** Readers do without: what goes wrong is a warning. */
export async function checkpointIfDue(
  store: TableStore,
  snapshot: Snapshot,
  now: number,
): Promise<void> {
  const { version, metaData } = snapshot;
  const interval = Number(metaData?.configuration?.["delta.checkpointInterval"]);
  if (version === 0 || version % (interval > 0 ? interval : DEFAULT_INTERVAL) !== 0) return;
  try {
    const { checkpointActions: actionsOf, writeCheckpoint } = await loadCheckpoints();
    const actions = actionsOf(snapshot, now);
    const bytes = writeCheckpoint(actions);
    await store.replace(bytes, `${LOG}${versionName(version)}.checkpoint.parquet`);
    const hint = {
      ...{ version, size: actions.length, sizeInBytes: bytes.length },
      numOfAddFiles: snapshot.files.size,
    };
    await store.replace(new TextEncoder().encode(JSON.stringify(hint)), LAST_CHECKPOINT);
  } catch (error) {
    logger().warn(
      `${store.uri}: no checkpoint of version ${version}: ` +
        (error instanceof Error ? error.message : String(error)),
    );
  }
}
