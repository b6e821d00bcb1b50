import assert from "node:assert/strict";
import { DestinationError, toRivetError } from "../../../../core/base/errors.ts";
import { fileError } from "../../../../core/base/file_error.ts";

function osError(code: string): Error {
  return Object.assign(new Error(`Something (os error 1): writefile '/secret'`), { code });
}

const EXPECTED: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: ["DESTINATION_FULL", "permanent"],
  EDQUOT: ["DESTINATION_FULL", "permanent"],
  EACCES: ["DESTINATION_UNWRITABLE", "permanent"],
  EROFS: ["DESTINATION_UNWRITABLE", "permanent"],
  ENOTDIR: ["DESTINATION_UNWRITABLE", "permanent"],
  EXDEV: ["DESTINATION_UNWRITABLE", "permanent"],
  ENOENT: ["DESTINATION_NOT_FOUND", "permanent"],
  EIO: ["DESTINATION_FAILED", "network"],
  EMFILE: ["DESTINATION_FAILED", "capacity"],
};

for (const [errno, [code, category]] of Object.entries(EXPECTED)) {
  Deno.test(`fileError: ${errno} is ${code}, ${category}, with path and hint`, () => {
    const error = fileError(osError(errno), "write", "/data/out");
    assert.equal(error.code, code);
    assert.equal(error.category, category);
    assert.equal(error.nativeCode, errno);
    assert.equal(error.message, "cannot write /data/out: Something");
    assert.notEqual(error.hint, undefined);
  });
}

Deno.test("fileError: what may not be read gets a hint about reading", () => {
  for (const doing of ["read", "list", "look into"]) {
    const error = fileError(osError("EACCES"), doing, "/data/part");
    assert.equal(error.code, "DESTINATION_FAILED");
    assert.match(error.hint ?? "", /read permission/);
  }
  assert.match(fileError(osError("EACCES"), "write", "/data").hint ?? "", /write permission/);
});

Deno.test("a permission that Deno denies is no defect of ours", () => {
  const denied = new Deno.errors.NotCapable(
    'Requires write access to "/x", run again with the --allow-write flag',
  );
  const file = fileError(denied, "write", "/x");
  assert.equal(file.code, "DESTINATION_UNWRITABLE");
  assert.match(file.hint ?? "", /Start Rivet with --allow-write=\/x,/);
  const other = toRivetError(denied);
  assert.equal(other.code, "NOT_AVAILABLE");
  assert.match(other.hint ?? "", /-A/);
});

Deno.test("fileError: an unknown errno is permanent, a DestinationError passes through", () => {
  const unknown = fileError(osError("EWHAT"), "write", "/data");
  assert.equal(unknown.code, "DESTINATION_FAILED");
  assert.equal(unknown.category, "permanent");
  const own = new DestinationError("DESTINATION_AUTH", "no");
  assert.equal(fileError(own, "write", "/data"), own);
});

Deno.test({
  name: "fileError: what the runtime throws for a full device is DESTINATION_FULL",
  // Only Linux has /dev/full; the table above covers the rest.
  fn: async () => {
    if (Deno.build.os !== "linux") return;
    try {
      await Deno.writeTextFile("/dev/full", "x");
      assert.fail("the device accepted bytes");
    } catch (error) {
      assert.equal(fileError(error, "write", "/dev/full").code, "DESTINATION_FULL");
    }
  },
});
