/** A sample of `deno task torture --only tasks`: a small table, a short lease, a few seconds. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import type { TaskForm } from "../../torture/tasks.ts";
import { tortureTasks } from "../../torture/tasks.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";

onSessions(await serverHasSessions(), "torture of tasks", () => {
  for (const form of ["task", "claim"] satisfies TaskForm[]) {
    Deno.test(`torture: processes of one plan (${form}) that are killed and stopped lose and repeat nothing`, async () => {
      const server = await testPostgres();
      const [source, state] = [await createDatabase(server), await createDatabase(server)];
      try {
        const done = await tortureTasks({
          ...{ source, stateUrl: state.url, form, processes: 3, rows: 12_000, chunkSize: 200 },
          ...{ leaseSeconds: 2, chaosMs: 6000, seed: form.length },
        });
        assert.ok(done.killed + done.stopped > 0, "nothing was killed or stopped");
      } finally {
        await source.drop();
        await state.drop();
        await server.stop();
      }
    });
  }
});
