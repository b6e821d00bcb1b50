import { startS3 } from "../../support/s3.ts";
import { destinationCases } from "../../conformance/destination.ts";
import { IN_PIECES } from "./limits.ts";

Deno.test("s3 destination", async (t) => {
  const server = await startS3();
  try {
    for (const [i, c] of destinationCases.entries()) {
      await t.step(c.name, async () => {
        const destination = await server.open(`case-${i}/exports`, IN_PIECES);
        try {
          await c.run(destination);
        } finally {
          await destination.close();
        }
      });
    }
  } finally {
    await server.stop();
  }
});
