/**
 * `manifest_dir`: manifests in a folder of their own, whose name has readers of the parts skip it. The rest of
 * the program knows nothing of it: keys of manifests are led there on their way to the destination.
 */
import type { Destination, ObjectInfo } from "../ports/destination.ts";
import { MANIFEST_COPIES, MANIFEST_KEY, QUARANTINE_FOLDER } from "./keys.ts";

function split(key: string): { folder: string; name: string } {
  const at = key.lastIndexOf("/") + 1;
  return { folder: key.slice(0, at), name: key.slice(at) };
}

/** Where a manifest's key, or what such keys begin with, leads to; other keys as they are. */
export function inManifestDir(key: string, dir: string): string {
  const { folder, name } = split(key);
  const isManifest = name === MANIFEST_KEY || name.startsWith(MANIFEST_COPIES);
  if (!isManifest || folder.startsWith(`${QUARANTINE_FOLDER}/`)) return key;
  // As a listing gave it.
  if (folder === `${dir}/` || folder.endsWith(`/${dir}/`)) return key;
  return `${folder}${dir}/${name}`;
}

/**
 * The destination with its manifests in `dir`. Those that earlier runs left beside the parts are found there
 * still. A listing of manifests gives their keys as they lie; `_SUCCESS` stays where who polls expects it.
 */
export function withManifestDir(inner: Destination, dir: string): Destination {
  const found = async <T>(key: string, ask: (key: string) => Promise<T | null>) => {
    const placed = inManifestDir(key, dir);
    const there = await ask(placed);
    return there === null && placed !== key ? await ask(key) : there;
  };
  return {
    capabilities: inner.capabilities,
    uri: inner.uri,
    stagingDir: () => inner.stagingDir(),
    put: (file, key, signal) => inner.put(file, key, signal),
    replace: (bytes, key, signal) => inner.replace(bytes, inManifestDir(key, dir), signal),
    list: (prefix, signal) => listed(inner, dir, prefix, signal),
    head: (key, signal) => found(key, (at) => inner.head(at, signal)),
    read: (key, signal) => found(key, (at) => inner.read(at, signal)),
    move: (from, to, signal) => inner.move(from, to, signal),
    readRange: (...args) => inner.readRange(...args),
    probe: (asked, signal) => inner.probe(asked, signal),
    close: () => inner.close(),
  };
}

/** In the order of keys still: the folder's name sorts before those of manifests. */
async function* listed(
  inner: Destination,
  dir: string,
  prefix: string,
  signal: AbortSignal,
): AsyncIterable<ObjectInfo> {
  const placed = inManifestDir(prefix, dir);
  if (placed !== prefix) yield* inner.list(placed, signal);
  yield* inner.list(prefix, signal);
}
