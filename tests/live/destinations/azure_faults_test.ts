import { AZURITE_ACCOUNT, startAzurite } from "../../support/azurite.ts";
import { startFaultProxy } from "../../support/fault_proxy.ts";
import { faultCases, type FaultyStore, SMALL } from "./fault_cases.ts";

Deno.test("azure destination, with faults", async (t) => {
  const server = await startAzurite();
  const proxy = startFaultProxy(server.port);
  const at = (origin: string) => `${origin}/${AZURITE_ACCOUNT}`;
  const store: FaultyStore = {
    proxy,
    open: (prefix, options = SMALL) => server.open(prefix, options, at(proxy.endpoint)),
    direct: (prefix) => server.open(prefix, SMALL),
    openAt: (prefix, port) => server.open(prefix, SMALL, at(`http://127.0.0.1:${port}`)),
    smallPut: /^PUT .*part/,
    piecePut: /^PUT .*large.*comp=block&/,
    largeEnd: /^PUT .*large.*comp=blocklist/,
    repeatedPiece: 2,
    writePermission: /Storage Blob Data Contributor/,
    // Blocks that were never committed are no blob, and Azure removes them.
    openUploads: () => Promise.resolve([]),
  };
  try {
    for (const [i, c] of faultCases.entries()) {
      await t.step(c.name, () => c.run(store, `case-${i}`).finally(() => proxy.heal()));
    }
  } finally {
    await proxy.stop();
    await server.stop();
  }
});
