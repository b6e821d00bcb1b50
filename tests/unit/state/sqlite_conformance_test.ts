import { STATE_CASES } from "../../conformance/state.ts";

for (const { name, run } of STATE_CASES) {
  Deno.test(`state, SQLite: ${name}`, async () => {
    const dir = await Deno.makeTempDir({ prefix: "rivet-state-" });
    try {
      await run({ dir, env: {} });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}
