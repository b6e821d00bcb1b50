import { startFaultProxy } from "../../support/fault_proxy.ts";
import { startGcsDouble } from "../../support/gcs_double.ts";
import { faultCases, type FaultyStore, SMALL } from "./fault_cases.ts";

Deno.test("gcs destination, with faults", async (t) => {
  const server = startGcsDouble();
  const proxy = startFaultProxy(server.port);
  const store: FaultyStore = {
    proxy,
    open: (prefix, options = SMALL) => server.open(prefix, options, proxy.endpoint),
    direct: (prefix) => server.open(prefix, SMALL),
    openAt: (prefix, port) => server.open(prefix, SMALL, `http://127.0.0.1:${port}`),
    smallPut: /^POST .*uploadType=multipart/,
    piecePut: /^PUT .*upload_id=/,
    largeEnd: /^PUT .*upload_id=[^]*content-range: bytes \d+-699999\/700000/i,
    // The session is asked how far it is in between.
    repeatedPiece: 3,
    writePermission: /storage\.objects\.create/,
    openUploads: () => Promise.resolve(server.openUploads()),
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
