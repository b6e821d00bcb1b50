/** The objects of a table, over the destination that its files go to. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { bound, type Destination } from "../ports/destination.ts";
import type { TableStore } from "../ports/table_format.ts";

/** @param signal ends all calls. */
export function tableStore(destination: Destination, signal: AbortSignal): TableStore {
  const { uri, read, head, list, put, replace } = bound(destination, signal);
  return {
    uri: uri.replace(/\/+$/, ""),
    ...{ read, head, list, replace },
    async create(bytes, key) {
      const file = join(await destination.stagingDir(), `${crypto.randomUUID()}.commit`);
      await writeSynced(file, bytes);
      const md5 = createHash("md5").update(bytes).digest("base64");
      try {
        return await put({ file, md5 }, key);
      } finally {
        await Deno.remove(file).catch(() => {});
      }
    },
  };
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}
