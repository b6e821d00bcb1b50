/**
 * What a source must do over TLS besides the cases of `source.ts`: the runtime's TLS socket by itself
 * goes on reading when it is paused, and tells nobody that the connection was lost meanwhile.
 */
import assert from "node:assert/strict";
import { RivetError } from "../../core/base/errors.ts";
import type { Source } from "../../core/ports/source.ts";
import { requestFor } from "./source.ts";

/** Long enough for a server on this machine to send the rows below, were it let. */
const WAIT_MS = 2000;
/** How long a read may take to notice that its connection was lost. */
const NOTICE_MS = 60_000;

export interface WideQuery {
  /** Rows of about 10,000 bytes. */
  readonly sql: string;
  /** 300 MB in all, or more. */
  readonly rows: number;
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Takes one batch and waits: what is not taken stays at the server. Then takes the rest. */
export async function checkHeldBack(source: Source, { sql, rows }: WideQuery): Promise<void> {
  const request = await requestFor(source, sql, { batchBytes: 1 << 20 });
  const before = Deno.memoryUsage().rss;
  let taken = 0;
  for await (const batch of source.read(request)) {
    if (taken === 0) {
      await delay(WAIT_MS);
      const grown = (Deno.memoryUsage().rss - before) / (1 << 20);
      assert.ok(grown < 100, `grew by ${grown.toFixed(0)} MB while nobody read`);
    }
    taken += batch.rows;
  }
  assert.equal(taken, rows);
}

/** `kill` ends the session while its rows are held back. */
export async function checkLost(
  source: Source,
  { sql }: WideQuery,
  kill: () => Promise<unknown>,
): Promise<void> {
  const request = await requestFor(source, sql, { batchBytes: 1 << 20 });
  const read = (async () => {
    let killed = false;
    for await (const _ of source.read(request)) {
      if (killed) continue;
      killed = true;
      await kill();
      await delay(100);
    }
  })();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waiting = new Promise<never>((_, reject) => {
    const late = new Error(`the read noticed nothing within ${NOTICE_MS} ms`);
    timer = setTimeout(() => reject(late), NOTICE_MS);
  });
  try {
    const error = await Promise.race([read, waiting]).then(() => null, (thrown: unknown) => thrown);
    assert.ok(error instanceof RivetError, `the read ended with ${error}`);
    assert.equal(error.code, "SOURCE_DISCONNECTED", error.message);
    // A server that could not send when it was told to end has no words left to say why.
    assert.ok(["disconnect", "capacity"].includes(error.category), error.category);
  } finally {
    clearTimeout(timer);
  }
}
