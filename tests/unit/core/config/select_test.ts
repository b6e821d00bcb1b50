import assert from "node:assert/strict";
import type { LoadedExport } from "../../../../core/config/loaded.ts";
import { refuseSharedStdout } from "../../../../core/config/select.ts";

const exportTo = (name: string, type: "stdout" | "local") =>
  ({ name, destination: { type } }) as LoadedExport;

Deno.test("stdout takes one export of a run, whatever else the file holds", () => {
  refuseSharedStdout([exportTo("a", "stdout")]);
  refuseSharedStdout([exportTo("a", "local"), exportTo("b", "local")]);
  assert.throws(
    () => refuseSharedStdout([exportTo("a", "local"), exportTo("b", "stdout")]),
    { code: "CONFIG_INVALID", message: /'b' writes to stdout/, hint: /--export b/ },
  );
});
