import { MemoryDestination } from "../../../support/memory_destination.ts";
import { destinationCases } from "../../../conformance/destination.ts";

for (const c of destinationCases) {
  Deno.test(`memory destination: ${c.name}`, async () => {
    const destination = new MemoryDestination();
    try {
      await c.run(destination);
    } finally {
      await destination.close();
    }
  });
}
