import assert from "node:assert/strict";
import { StdoutDestination } from "../../../../adapters/destinations/stdout.ts";
import type { DestinationError } from "../../../../core/base/errors.ts";

Deno.test("stdout destination: partial writes are continued until everything is out", () => {
  const written: number[] = [];
  const stdout = new StdoutDestination({
    writeSync(bytes) {
      const taken = Math.min(7, bytes.length);
      written.push(...bytes.subarray(0, taken));
      return taken;
    },
  });
  const body = crypto.getRandomValues(new Uint8Array(100));
  stdout.write(body);
  assert.deepEqual(new Uint8Array(written), body);
});

Deno.test("stdout destination: a closed pipe says so", () => {
  const broken = Object.assign(new Error("Broken pipe"), { code: "EPIPE" });
  const stdout = new StdoutDestination({
    writeSync: () => {
      throw broken;
    },
  });
  assert.throws(() => stdout.write(new Uint8Array(1)), (error: DestinationError) => {
    assert.equal(error.code, "DESTINATION_FAILED");
    assert.equal(error.category, "permanent");
    assert.match(error.message, /closed the pipe/);
    return true;
  });
});

Deno.test("stdout destination: a full device behind stdout is DESTINATION_FULL", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  const stdout = new StdoutDestination({
    writeSync: () => {
      throw full;
    },
  });
  assert.throws(() => stdout.write(new Uint8Array(1)), { code: "DESTINATION_FULL" });
});
