import { deepEqual, throws } from "node:assert/strict";
import { parallelGroups, wavesOf } from "../../../../core/apply/waves.ts";
import { configOf, planned } from "../plan/planned.ts";

function config(...exports: readonly (readonly [name: string, wave?: number, safe?: boolean])[]) {
  const loaded = exports.map(([name, wave, parallel_safe]) =>
    planned({ name, config: { wave, parallel_safe } }).exported
  );
  return { ...configOf(planned()), exports: loaded };
}

Deno.test("waves ascend, exports keep the file's order, those without a wave are last", () => {
  const waves = wavesOf(config(["d"], ["c", 10], ["a", 2], ["b", 2], ["e"]));
  deepEqual(waves.map(({ wave, exports }) => [wave, exports.map((e) => e.name)]), [
    [2, ["a", "b"]],
    [10, ["c"]],
    [null, ["d", "e"]],
  ]);
});

Deno.test("parallel_safe exports of a wave run together, the others alone, waves apart", () => {
  const waves = wavesOf(
    config(["heavy", 1], ["a", 1, true], ["b", 1, true], ["not", 1, false], ["c", 2, true], ["d"]),
  );
  deepEqual(parallelGroups(waves).map((group) => group.map((e) => e.name)), [
    ["a", "b"],
    ["heavy"],
    ["not"],
    ["c"],
    ["d"],
  ]);
});

Deno.test("a config with no exports in any wave says how to get waves", () => {
  throws(() => wavesOf(config(["a"], ["b"])), {
    code: "USAGE",
    message: "no export of /etc/rivet.yaml has a wave",
    hint: /rivet plan/,
  });
});
