import assert from "node:assert/strict";
import type { RunningTransaction, RunningTransactions } from "../../../../core/ports/source.ts";
import { boundByStart, boundByWaiting } from "../../../../core/extract/commit_bound.ts";

const NOW = "2026-01-31 10:00:00.000000+00";

function transaction(id: string, startedAt: string | null, prepared = false): RunningTransaction {
  return { id, startedAt, prepared, label: `transaction ${id}` };
}

/** Answers one look after another, the last one for ever; counts them. */
class Server {
  readonly #looks: readonly (readonly RunningTransaction[])[];
  asked = 0;

  constructor(...looks: (readonly RunningTransaction[])[]) {
    this.#looks = looks;
  }

  readonly running = (): Promise<RunningTransactions> => {
    const look = this.#looks[Math.min(this.asked++, this.#looks.length - 1)];
    // The clock of a later look must not count.
    const now = this.asked === 1 ? NOW : "2026-01-31 10:00:09.000000+00";
    return Promise.resolve({ now, transactions: look });
  };
}

const { signal } = new AbortController();
/** For those that stay. */
const settings = { waitMs: 300, signal };
/** For those that end, after some looks. */
const patient = { waitMs: 60_000, signal };
const at = (time: string) => `2026-01-31 ${time}.000000+00`;

Deno.test("by start: without transactions it is the clock before the look, exclusively", async () => {
  assert.deepEqual(await boundByStart(new Server([], []).running, patient), {
    until: { value: NOW, inclusive: false },
    heldBy: [],
  });
});

Deno.test("by start: the oldest transaction counts, and an old one is named", async () => {
  const server = new Server([], [
    transaction("1", at("09:59:59")),
    transaction("2", at("08:00:00")),
    transaction("3", at("10:00:00")),
  ]);
  assert.deepEqual(await boundByStart(server.running, patient), {
    until: { value: at("08:00:00"), inclusive: false },
    heldBy: ["transaction 2"],
  });
  assert.equal(server.asked, 2, "it does not wait for them");
});

Deno.test("by start: a start that becomes known counts, one that does not has to end", async () => {
  const server = new Server(
    [],
    [transaction("1", null), transaction("2", null)],
    [transaction("1", at("09:59:58")), transaction("2", null), transaction("9", null)],
    [transaction("1", at("09:59:58")), transaction("9", null)],
  );
  const { until } = await boundByStart(server.running, patient);
  assert.deepEqual(until, { value: at("09:59:58"), inclusive: false });
  assert.equal(server.asked, 4, "transaction 9 began later and is nobody's business");
});

Deno.test("by start: a prepared transaction that stays leaves nothing that is known to be safe", async () => {
  const server = new Server([], [transaction("p", null, true)]);
  assert.deepEqual(await boundByStart(server.running, settings), {
    until: null,
    heldBy: ["transaction p"],
  });
});

Deno.test("by waiting: the highest value counts once those of that moment have ended", async () => {
  const [a, b, later] = ["a", "b", "later"].map((id) => transaction(id, at("09:00:00")));
  const server = new Server([a, b], [b, later], [later]);
  const highest = () => {
    assert.equal(server.asked, 0, "the value is taken before the transactions are");
    return Promise.resolve("41");
  };
  assert.deepEqual(await boundByWaiting(server.running, highest, patient), {
    until: { value: "41", inclusive: true },
    heldBy: [],
  });
  assert.equal(server.asked, 3);
});

Deno.test("by waiting: a transaction that is prepared meanwhile is still waited for", async () => {
  const prepared = transaction("prepared 7", null, true);
  const stays = new Server([transaction("4/1", NOW)], [prepared]);
  const highest = () => Promise.resolve("41");
  assert.deepEqual(await boundByWaiting(stays.running, highest, settings), {
    until: null,
    heldBy: ["transaction prepared 7"],
  });
  const ends = new Server([transaction("4/1", NOW)], [prepared], [prepared], []);
  const { until } = await boundByWaiting(ends.running, highest, patient);
  assert.equal(until?.value, "41");
});

Deno.test("by waiting: without a value there is nothing to read, and nothing to wait for", async () => {
  const server = new Server([transaction("a", NOW)]);
  const bound = await boundByWaiting(server.running, () => Promise.resolve(null), settings);
  assert.deepEqual(bound, { until: null, heldBy: [] });
  assert.equal(server.asked, 0);
});

Deno.test("an interrupt ends the waiting", async () => {
  const abort = new AbortController();
  const server = new Server([transaction("a", NOW)]);
  const waiting = boundByWaiting(server.running, () => Promise.resolve("1"), {
    waitMs: 60_000,
    signal: abort.signal,
  });
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(waiting, { code: "INTERRUPTED" });
});
