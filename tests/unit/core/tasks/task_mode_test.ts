import { deepEqual, equal, throws } from "node:assert/strict";
import { requireSharedState, taskMode } from "../../../../core/tasks/task_mode.ts";

const NONE = { claim: false, finish: false };
const modeOf = (env: Record<string, string>, flags = {}) =>
  taskMode({ ...NONE, ...flags }, (name) => env[name]);
const task = (index: number, of: number) => ({ kind: "task", share: { index, of } });

Deno.test("a task is named by its flag, or by RIVET_TASKS and an index", () => {
  equal(modeOf({}), null);
  deepEqual(modeOf({}, { task: "0/8" }), task(0, 8));
  deepEqual(modeOf({ RIVET_TASKS: "8", RIVET_TASK: "7" }), task(7, 8));
  deepEqual(modeOf({ RIVET_TASKS: "8", JOB_COMPLETION_INDEX: "3" }), task(3, 8));
  const both = { RIVET_TASKS: "8", RIVET_TASK: "1", JOB_COMPLETION_INDEX: "3" };
  deepEqual(modeOf(both), task(1, 8));
  deepEqual(modeOf(both, { task: "2/3" }), task(2, 3), "the flag wins");
  deepEqual(modeOf(both, { claim: true }), { kind: "claim" });
  deepEqual(modeOf(both, { finish: true }), { kind: "finish" }, "a finish in the same Job");
  equal(modeOf({ JOB_COMPLETION_INDEX: "3" }), null, "every Indexed Job has one");
  equal(modeOf({ RIVET_TASKS: "", RIVET_TASK: "" }), null);
});

Deno.test("what is no task is refused", () => {
  for (const text of ["8/8", "1", "-1/8", "1/0", "a/b", "1/8 ", "0x1/8", "1.5/8"]) {
    throws(() => modeOf({}, { task: text }), { code: "USAGE", message: /is no task/ }, text);
  }
  throws(() => modeOf({ RIVET_TASK: "1" }), { code: "USAGE", message: /RIVET_TASKS is not/ });
  throws(() => modeOf({ RIVET_TASKS: "8" }), { code: "USAGE", message: /which task this is/ });
  throws(() => modeOf({ RIVET_TASKS: "8", JOB_COMPLETION_INDEX: "8" }), {
    code: "USAGE",
    message: /JOB_COMPLETION_INDEX and RIVET_TASKS: '8\/8'/,
  });
  throws(() => modeOf({}, { task: "1/8", finish: true }), {
    code: "USAGE",
    message: /--task and --finish exclude each other/,
  });
  throws(() => requireSharedState(() => undefined), { code: "USAGE", message: /RIVET_STATE_URL/ });
});
