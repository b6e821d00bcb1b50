import { STATE_CASES, type StateCase } from "../../conformance/state.ts";
import { onSessions, serverHasSessions, stateDatabase } from "./state_database.ts";

function register({ name, run }: StateCase): void {
  Deno.test(`state, PostgreSQL: ${name}`, async () => {
    const database = await stateDatabase();
    try {
      await run({ dir: "", env: { RIVET_STATE_URL: database.url } });
    } finally {
      await database.drop();
    }
  });
}

STATE_CASES.filter((c) => !c.concurrent).forEach(register);

onSessions(
  await serverHasSessions(),
  "state, PostgreSQL: several processes at once",
  () => STATE_CASES.filter((c) => c.concurrent).forEach(register),
);
