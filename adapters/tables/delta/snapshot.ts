/** What a table is at a version: the actions up to it, the last of each kind counting. */
import { RivetError } from "../../../core/base/errors.ts";
import {
  type Action,
  type Add,
  decodePath,
  type MetaData,
  type Protocol,
  type Remove,
  type Txn,
} from "./actions.ts";

/** A version of a table; it grows with the actions of later ones. */
export class Snapshot {
  /** -1: there is no table. */
  version = -1;
  protocol: Protocol | null = null;
  metaData: MetaData | null = null;
  readonly txns = new Map<string, Txn>();
  /** By key. */
  readonly files = new Map<string, Add>();
  readonly removed = new Map<string, Remove>();

  /** The actions of the next version, or of a checkpoint of `version`. */
  apply(actions: readonly Action[], version: number): void {
    for (const action of actions) this.#one(action);
    this.version = version;
  }

  #one({ add, remove, metaData, protocol, txn }: Action): void {
    if (add) {
      if ((add as { deletionVector?: unknown }).deletionVector) throw hasVectors(add.path);
      this.files.set(decodePath(add.path), add);
      this.removed.delete(decodePath(add.path));
    }
    if (remove) {
      this.files.delete(decodePath(remove.path));
      this.removed.set(decodePath(remove.path), remove);
    }
    if (metaData) this.metaData = metaData;
    if (protocol) this.protocol = protocol;
    if (txn) this.txns.set(txn.appId, txn);
  }
}

function hasVectors(path: string): RivetError {
  return new RivetError("TABLE_UNSUPPORTED", `${path} has deleted rows (a deletion vector)`, {
    hint: "Write to a table of its own, and merge from there with an engine that knows them.",
  });
}
