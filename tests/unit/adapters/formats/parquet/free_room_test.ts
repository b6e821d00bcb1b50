/** What is free of the kernel's memory: blocks never overlap, and what is given back becomes one piece again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FreeRoom } from "../../../../../adapters/formats/parquet/kernel/free_room.ts";

const SIZE = 100_000;

Deno.test("blocks do not overlap, and all that is given back is one piece", () => {
  const step = fc.record({ size: fc.integer({ min: 1, max: 5000 }), free: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const room = new FreeRoom();
      room.give(1000, SIZE);
      const taken: { address: number; size: number }[] = [];
      const giveBack = (index: number) => {
        const [{ address, size }] = taken.splice(index, 1);
        room.give(address, size);
      };
      for (const { size, free } of steps) {
        if (free % 3 === 0 && taken.length > 0) giveBack(free % taken.length);
        const address = room.take(size);
        if (address < 0) continue;
        assert.ok(address >= 1000 && address + size <= 1000 + SIZE);
        for (const other of taken) {
          assert.ok(address + size <= other.address || other.address + other.size <= address);
        }
        taken.push({ address, size });
      }
      while (taken.length > 0) giveBack(taken.length >> 1);
      assert.equal(room.take(SIZE), 1000);
      assert.equal(room.take(1), -1);
    }),
  );
});

Deno.test("the smallest piece that is large enough is taken, and the last one where the memory grows", () => {
  const room = new FreeRoom();
  room.give(0, 100);
  room.give(200, 50);
  room.give(300, 60);
  assert.equal(room.take(50), 200);
  assert.equal(room.take(55), 300);
  assert.equal(room.takeLast(360), 355);
  assert.equal(room.takeLast(360), 360);
  assert.equal(room.take(101), -1);
});
