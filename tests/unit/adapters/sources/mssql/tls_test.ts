import assert from "node:assert/strict";
import type { SourceConfig } from "../../../../../core/config/schema.ts";
import { failsWith } from "../../../../conformance/source.ts";
import { makeCertificates } from "../../../../support/tds/certificate.ts";
import { connectOnce } from "../../../../support/connect_once.ts";
import { connectTo, PASSWORD, withServer } from "../../../../support/tds/connect.ts";
import type { TdsServer } from "../../../../support/tds/server.ts";

type Tls = NonNullable<SourceConfig["tls"]>;

/** Valid for 127.0.0.1, and for another host. */
const here = makeCertificates(["127.0.0.1"]);
const elsewhere = makeCertificates(["db.example"]);
const other = makeCertificates(["127.0.0.1"]);

async function withCaFiles(
  work: (files: { here: string; elsewhere: string; other: string }) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-tds-" });
  const files = { here: `${dir}/here`, elsewhere: `${dir}/elsewhere`, other: `${dir}/other` };
  try {
    await Deno.writeTextFile(files.here, here.ca);
    await Deno.writeTextFile(files.elsewhere, elsewhere.ca);
    await Deno.writeTextFile(files.other, other.ca);
    await work(files);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function tls(mode: Tls["mode"], ca_file?: string, more: Partial<Tls> = {}): Tls {
  return { mode, ca_file, accept_invalid_certs: false, accept_invalid_hostnames: false, ...more };
}

async function accepts(server: TdsServer, config: Tls): Promise<void> {
  const source = await connectTo(server, { source: { tls: config } });
  assert.deepEqual(source.info.warnings, []);
  await source.close();
}

async function refuses(server: TdsServer, config: Tls): Promise<void> {
  const before = server.logins.length;
  const connect = connectTo(server, { source: { tls: config } });
  await failsWith(connect, "SOURCE_TLS", "permanent", /certificate/i);
  assert.equal(server.logins.length, before, "the login was sent to a server that is not trusted");
}

Deno.test("a certificate of a trusted authority for this host passes every mode", async () => {
  await withCaFiles((files) =>
    withServer([], async (server) => {
      await accepts(server, tls("disable"));
      await accepts(server, tls("require"));
      await accepts(server, tls("verify-ca", files.here));
      await accepts(server, tls("verify-full", files.here));
    }, { certificates: here })
  );
});

Deno.test("an authority that is not trusted is refused before the login", async () => {
  await withCaFiles((files) =>
    withServer([], async (server) => {
      await refuses(server, tls("verify-full"));
      await refuses(server, tls("verify-ca"));
      await refuses(server, tls("verify-full", files.other));
      await refuses(server, tls("verify-ca", files.other));
      await accepts(server, tls("verify-full", files.other, { accept_invalid_certs: true }));
    }, { certificates: here })
  );
});

Deno.test("a certificate of another host is refused by verify-full only", async () => {
  await withCaFiles((files) =>
    withServer([], async (server) => {
      await refuses(server, tls("verify-full", files.elsewhere));
      await accepts(server, tls("verify-ca", files.elsewhere));
      const anyHost = { accept_invalid_hostnames: true };
      await accepts(server, tls("verify-full", files.elsewhere, anyHost));
    }, { certificates: elsewhere })
  );
});

Deno.test("encrypt=strict: TLS from the first byte on, the certificate always checked", async () => {
  await withCaFiles((files) =>
    withServer([], async (server) => {
      const fields = {
        host: undefined,
        port: undefined,
        user: undefined,
        password: undefined,
        database: undefined,
      };
      const url = `sqlserver://reader:pw@127.0.0.1:${server.port}/shop?encrypt=strict`;
      const connect = (config?: Tls) =>
        connectTo(server, { source: { ...fields, url, tls: config } });
      const source = await connect(tls("verify-full", files.here));
      await source.close();
      await failsWith(connect(), "SOURCE_TLS", "permanent", /certificate/);
      await failsWith(
        connect(tls("verify-full", files.other)),
        "SOURCE_TLS",
        "permanent",
        /certificate/,
      );
      await failsWith(
        connect(tls("verify-ca", files.here)),
        "CONFIG_INVALID",
        "permanent",
        /strict/,
      );
      assert.equal(server.logins.length, 1);
    }, { certificates: here, strict: true })
  );
});

Deno.test("a ca_file that cannot be read is a configuration error", async () => {
  await withServer([], async (server) => {
    const connect = connectTo(server, { source: { tls: tls("verify-full", "/no/such/file") } });
    await failsWith(
      connect,
      "CONFIG_INVALID",
      "permanent",
      /authorities \/no\/such\/file .*ENOENT/,
    );
  });
});

Deno.test("an authority that is not trusted is named, an expired certificate said to be", async () => {
  const expired = makeCertificates(["127.0.0.1"], { from: -10, to: -2 });
  await withCaFiles((files) =>
    withServer([], async (server) => {
      for (const mode of ["verify-ca", "verify-full"] as const) {
        const connect = connectTo(server, { source: { tls: tls(mode, files.other) } });
        const message = /not trusted here \(CN=Rivet test authority\)/;
        await failsWith(connect, "SOURCE_TLS", "permanent", message);
      }
      assert.equal(server.logins.length, 0);
    }, { certificates: here })
  );
  const ca = await Deno.makeTempFile({ prefix: "rivet-tds-ca-" });
  try {
    await Deno.writeTextFile(ca, expired.ca);
    await withServer([], async (server) => {
      for (const mode of ["verify-ca", "verify-full"] as const) {
        const connect = connectTo(server, { source: { tls: tls(mode, ca) } });
        await failsWith(connect, "SOURCE_TLS", "permanent", /certificate expired on \d{4}-/);
      }
      assert.equal(server.logins.length, 0);
    }, { certificates: expired });
  } finally {
    await Deno.remove(ca);
  }
});

Deno.test("the system's authorities are those of SSL_CERT_FILE, unless the runtime is told of others", async () => {
  await withCaFiles((files) =>
    withServer([], async (server) => {
      const source: SourceConfig = {
        type: "mssql",
        url: `sqlserver://reader:${PASSWORD}@127.0.0.1:${server.port}/shop`,
        tls: tls("verify-full"),
      };
      assert.equal(await connectOnce(source, {}), "SOURCE_TLS");
      assert.equal(await connectOnce(source, { SSL_CERT_FILE: files.here }), "connected");
      const mozilla = { SSL_CERT_FILE: files.here, DENO_TLS_CA_STORE: "mozilla" };
      assert.equal(await connectOnce(source, mozilla), "SOURCE_TLS");
    }, { certificates: here })
  );
});
