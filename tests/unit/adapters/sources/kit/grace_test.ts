/** Listening on to a server that was told to stop. */
import assert from "node:assert/strict";
import { Grace, MAX_SILENCES } from "../../../../../adapters/sources/kit/grace.ts";

/** How often was looked at what has come, until the server was given up. */
async function looks(received: (look: number) => number): Promise<number> {
  let count = 0;
  await new Promise<void>((resolve) => {
    new Grace().begin({ silenceMs: 1, received: () => received(count++), give: resolve });
  });
  return count;
}

Deno.test("grace: who sends on is listened to, but not for ever; who is silent is given up", async () => {
  assert.equal(await looks(() => 5), 2);
  assert.equal(await looks((look) => look < 3 ? look : 2), 4);
  assert.equal(await looks((look) => look), 1 + MAX_SILENCES);
  // Nobody waits for what comes any more.
  assert.equal(await looks((look) => look < 3 ? look : 0), 4);
});

Deno.test("grace: one that ended gives up nothing", async () => {
  const grace = new Grace();
  let given = 0;
  for (let i = 0; i < 3; i++) {
    grace.begin({ silenceMs: 1, received: () => 0, give: () => given++ });
  }
  grace.end();
  await looks((look) => look);
  assert.equal(given, 0);
});
