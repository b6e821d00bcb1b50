/** What libraries have to say reaches nobody's terminal: stderr is the tool's, and stdout the result's. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { rivet, withConfig } from "../../support/rivet.ts";

/** Nobody listens there: nothing leaves this machine. */
const NOWHERE = "http://127.0.0.1:1";

interface Case {
  readonly destination: string;
  readonly code: string;
  /** Files beside the configuration. */
  readonly files?: Record<string, unknown>;
  readonly env?: Record<string, string>;
}

/** A token's or metadata's endpoint that fails in a way that libraries do not expect. */
async function withBrokenEndpoint(work: (origin: string) => Promise<void>): Promise<void> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ error: "invalid_grant", error_description: "no" }, { status: 400 }),
  );
  try {
    await work(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

function externalAccount(tokenUrl: string): Record<string, unknown> {
  return {
    type: "external_account",
    audience:
      "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: tokenUrl,
    credential_source: { file: "subject-token" },
  };
}

const AUTHORIZED_USER = {
  type: "authorized_user",
  client_id: "client.apps.example",
  client_secret: "not-a-real-secret-of-anybody",
  refresh_token: "not-a-real-token-of-anybody",
};

function casesAt(broken: string): Record<string, Case> {
  const byFile = "{type: gcs, bucket: b, credentials_file: credentials.json}";
  const byDefault = "{type: gcs, bucket: b}";
  const subject = { "subject-token": "a subject's token" };
  return {
    "gcs, a user's file": {
      destination: byFile,
      code: "DESTINATION_UNREACHABLE",
      files: { "credentials.json": AUTHORIZED_USER },
    },
    "gcs, a user's file by default": {
      destination: byDefault,
      code: "DESTINATION_UNREACHABLE",
      files: { "credentials.json": AUTHORIZED_USER },
      env: { GOOGLE_APPLICATION_CREDENTIALS: "credentials.json" },
    },
    "gcs, an external account": {
      destination: byFile,
      code: "DESTINATION_AUTH",
      files: { "credentials.json": externalAccount(broken), ...subject },
    },
    "gcs, no credentials": {
      destination: byDefault,
      code: "DESTINATION_AUTH",
      env: { GCE_METADATA_HOST: broken.replace("http://", ""), NO_PROXY: "127.0.0.1" },
    },
  };
}

async function assertOnlyOurs(
  { destination, code, files = {}, env = {} }: Case,
): Promise<void> {
  const yaml = `
source: { type: postgres, url: "postgres://nobody:x@127.0.0.1:1/none", tls: { mode: disable } }
exports:
  - { name: orders, table: orders, destination: ${destination}, tuning: { max_retries: 0 } }
`;
  await withConfig(yaml, async (cwd) => {
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(join(cwd, name), text);
    }
    const all = {
      // No tool of a provider's, and no login of it.
      PATH: "",
      CLOUDSDK_CONFIG: cwd,
      HTTPS_PROXY: NOWHERE,
      GCE_METADATA_HOST: "127.0.0.1:1",
      GOOGLE_APPLICATION_CREDENTIALS: "",
      ...env,
    };
    const quiet = await rivet(["run", "-c", "rivet.yaml", "--json-errors", "--quiet"], {
      cwd,
      env: all,
    });
    assert.equal(quiet.code, 1, quiet.stderr);
    const lines = quiet.stderr.trimEnd().split("\n");
    assert.equal(lines.length, 1, quiet.stderr);
    assert.equal(JSON.parse(lines[0]).code, code, lines[0]);
  });
}

Deno.test("stderr is ours, whatever credentials are found and libraries say", async (t) => {
  await withBrokenEndpoint(async (broken) => {
    for (const [name, one] of Object.entries(casesAt(broken))) {
      await t.step(name, () => assertOnlyOurs(one));
    }
  });
});
