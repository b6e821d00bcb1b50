import { startFaultProxy } from "../../support/fault_proxy.ts";
import { startS3 } from "../../support/s3.ts";
import { faultCases, type FaultyStore, SMALL } from "./fault_cases.ts";

Deno.test("s3 destination, with faults", async (t) => {
  const server = await startS3();
  const proxy = startFaultProxy(server.port);
  const store: FaultyStore = {
    proxy,
    open: (prefix, options = SMALL) => server.open(prefix, options, proxy.endpoint),
    direct: (prefix) => server.open(prefix, SMALL),
    openAt: (prefix, port) => server.open(prefix, SMALL, `http://127.0.0.1:${port}`),
    smallPut: /^PUT .*part/,
    piecePut: /^PUT .*large.*partNumber=/,
    largeEnd: /^POST .*large.*uploadId=/,
    repeatedPiece: 2,
    writePermission: /s3:PutObject/,
    openUploads: server.openUploads,
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
