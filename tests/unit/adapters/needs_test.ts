/** What adapters say they need, against what their libraries and servers say. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { join, resolve } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { adapterNeeds } from "../../../adapters/registry.ts";
import type { DestinationConfig, SourceConfig } from "../../../core/config/schema.ts";
import { type Needs, together } from "../../../core/ports/needs.ts";
import { stateNeeds } from "../../../state/needs.ts";

type Env = Record<string, string>;

const lookup = (env: Env) => (name: string): string | undefined => env[name];

async function of(config: Partial<DestinationConfig>, env: Env = {}): Promise<Required<Needs>> {
  const destination = config as DestinationConfig;
  return together(await adapterNeeds.destination(destination, lookup({ HOME: "/home/x", ...env })));
}

async function source(config: Partial<SourceConfig>, env: Env = {}): Promise<Required<Needs>> {
  return together(await adapterNeeds.source(config as SourceConfig, lookup(env)));
}

const KEYS = { access_key_env: "A", secret_key_env: "B" };

Deno.test("s3 needs the host that the SDK asks, in every partition and style", async () => {
  const cases: readonly (readonly [string, string, boolean, Env])[] = [
    ["exports", "eu-central-1", false, {}],
    ["exports", "us-east-1", true, {}],
    ["exports", "cn-north-1", false, {}],
    ["exports", "us-gov-west-1", false, {}],
    ["exports", "us-iso-east-1", false, {}],
    ["exports", "us-isob-east-1", false, {}],
    ["exports", "eusc-de-east-1", false, {}],
    ["dotted.name", "eu-west-1", false, {}],
    ["exports", "eu-west-1", false, { AWS_USE_DUALSTACK_ENDPOINT: "true" }],
    ["exports", "us-west-2", false, { AWS_USE_FIPS_ENDPOINT: "true" }],
  ];
  for (const [bucket, region, path_style, env] of cases) {
    const { net } = await of({ type: "s3", bucket, region, path_style, prefix: "", ...KEYS }, env);
    const client = new S3Client({ region });
    const { url } = client.config.endpointProvider({
      Bucket: bucket,
      Region: region,
      ForcePathStyle: path_style,
      UseFIPS: env.AWS_USE_FIPS_ENDPOINT === "true",
      UseDualStack: env.AWS_USE_DUALSTACK_ENDPOINT === "true",
    }, {});
    deepEqual(net, [`${url.hostname}:443`], `${bucket} in ${region}`);
  }
});

Deno.test("s3 needs who gives credentials only where nobody else has given them", async () => {
  const bucket = { type: "s3", bucket: "b", prefix: "", region: "eu-west-1" } as const;
  const metadata = "169.254.169.254:80";
  const net = async (env: Env) => (await of(bucket, env)).net;
  ok((await net({})).includes(metadata));
  ok(!(await net({ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" })).includes(metadata));
  ok(!(await net({ AWS_EC2_METADATA_DISABLED: "true" })).includes(metadata));
  const web = await of(bucket, { AWS_WEB_IDENTITY_TOKEN_FILE: "/run/token" });
  ok(web.net.includes("sts.eu-west-1.amazonaws.com:443") && web.read.includes("/run/token"));
  ok((await net({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x" })).includes("169.254.170.2:80"));
  // Without a region any host of AWS may be the one, which is said.
  const anywhere = await of({ type: "s3", bucket: "b", prefix: "", ...KEYS });
  deepEqual([anywhere.net, anywhere.notes.length], [["*.amazonaws.com:443"], 1]);
});

Deno.test("s3 reads region, role and sign-on of a profile", async () => {
  const dir = await Deno.makeTempDir({ prefix: "rivet-needs-" });
  try {
    const file = join(dir, "config");
    await Deno.writeTextFile(
      file,
      "[default]\nregion = us-east-1\n\n[profile team]\nregion = eu-west-3\nsso_region = eu-west-1\n" +
        "sso_start_url = https://x\nrole_arn = arn:aws:iam::1:role/r\n",
    );
    const env = { AWS_CONFIG_FILE: file, AWS_EC2_METADATA_DISABLED: "true" };
    const { net } = await of({ type: "s3", bucket: "abc", prefix: "", aws_profile: "team" }, env);
    for (
      const host of [
        "abc.s3.eu-west-3.amazonaws.com",
        "sts.eu-west-3.amazonaws.com",
        "portal.sso.eu-west-1.amazonaws.com",
      ]
    ) ok(net.includes(`${host}:443`), `${host} of ${net}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("stores need the proxy instead of themselves, and themselves where NO_PROXY says so", async () => {
  const config = { type: "gcs", bucket: "b", prefix: "", allow_anonymous: true } as const;
  deepEqual((await of(config)).net, ["storage.googleapis.com:443"]);
  const HTTPS_PROXY = "http://proxy.corp:3128";
  deepEqual((await of(config, { HTTPS_PROXY })).net, ["proxy.corp:3128"]);
  const direct = await of(config, { HTTPS_PROXY, NO_PROXY: ".googleapis.com" });
  deepEqual(direct.net, ["storage.googleapis.com:443"]);
});

Deno.test("gcs needs who changes the key for a token, as the key's file says", async () => {
  const dir = await Deno.makeTempDir({ prefix: "rivet-needs-" });
  try {
    const file = join(dir, "key.json");
    const key = { type: "service_account", token_uri: "https://tokens.example/t" };
    await Deno.writeTextFile(file, JSON.stringify(key));
    const config = { type: "gcs", bucket: "b", prefix: "" } as const;
    const { net, read } = await of({ ...config, credentials_file: file });
    ok(net.includes("tokens.example:443") && !net.includes("169.254.169.254:80"));
    ok(read.includes(file));
    const machine = await of(config, { CLOUDSDK_CONFIG: dir });
    ok(machine.net.includes("metadata.google.internal:80"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("azure needs the account, of whichever form, and the login only for an identity", async () => {
  const config = { type: "azure", bucket: "b", prefix: "" } as const;
  const key = await of({ ...config, account_name: "acct", account_key_env: "K" });
  deepEqual(key.net, ["acct.blob.core.windows.net:443"]);
  ok(key.env.includes("K"));
  const connection = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=x==;" +
    "EndpointSuffix=core.chinacloudapi.cn";
  const named = await of({ ...config, connection_string_env: "C" }, { C: connection });
  deepEqual(named.net, ["a.blob.core.chinacloudapi.cn:443"]);
  const blob = await of({ ...config, connection_string_env: "C" }, {
    C: "BlobEndpoint=http://127.0.0.1:10000/dev;AccountName=dev;AccountKey=x==",
  });
  deepEqual(blob.net, ["127.0.0.1:10000"]);
  const identity = await of({ ...config, account_name: "acct" });
  ok(identity.net.includes("login.microsoftonline.com:443"));
  ok(identity.net.includes("169.254.169.254:80"));
  await rejects(of({ ...config, connection_string_env: "NOT_SET" }), /NOT_SET is not set/);
});

Deno.test("local needs its fixed folder, and the one above it while it is missing", async () => {
  const dir = await Deno.makeTempDir({ prefix: "rivet-needs-" });
  try {
    const path = join(dir, "out", "{date}", "x");
    const missing = await of({ type: "local", path });
    deepEqual([missing.write, missing.read], [[join(dir, "out")], [join(dir, "out"), dir]]);
    await Deno.mkdir(join(dir, "out"));
    deepEqual((await of({ type: "local", path })).read, [join(dir, "out")]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("sources need every server of their URL, sockets and TLS files", async () => {
  const postgres = await source({
    type: "postgres",
    url: "postgresql://u:p@a:1,[::1]:2/db?sslmode=verify-full&sslrootcert=/etc/ca.pem",
  });
  deepEqual([postgres.net, postgres.read], [["a:1", "[::1]:2"], ["/etc/ca.pem"]]);
  const socket = await source({ type: "postgres", url: "postgresql://u:p@/db?host=/run/pg" });
  deepEqual([socket.net, socket.write], [["unix:/run/pg/.s.PGSQL.5432"], [
    "/run/pg/.s.PGSQL.5432",
  ]]);
  const mysql = await source({ type: "mysql", url_env: "U" }, { U: "mysql://u:p@h:3307/d" });
  deepEqual([mysql.net, mysql.env.includes("U")], [["h:3307"], true]);
  const mssql = { type: "mssql", user: "u", password: "p", database: "d" } as const;
  deepEqual((await source({ ...mssql, host: "h" })).net, ["h:1433"]);
  const instance = await source({ type: "mssql", url: "sqlserver://u:p@h/d?instance=SQLEXPRESS" });
  deepEqual([instance.net, instance.notes.length], [["*"], 1]);
  const azure = await source({ ...mssql, host: "x.database.windows.net" });
  ok(azure.net.includes("*.database.windows.net"));
});

Deno.test("a notifier needs the webhook's host, the state its file or its server", async () => {
  const slack = { webhook_url_env: "HOOK", on: ["failure" as const] };
  const hooks = together(
    await adapterNeeds.notifiers({ slack }, lookup({ HOOK: "https://hooks.example/T/B/x" })),
  );
  deepEqual([hooks.net, hooks.env], [["hooks.example:443"], ["HOOK"]]);
  equal(together(stateNeeds("/srv", lookup({}))).write[0], resolve("/srv/.rivet_state.db"));
  const server = together(stateNeeds("/srv", lookup({ RIVET_STATE_URL: "postgres://u:p@s/db" })));
  deepEqual([server.net, server.write], [["s:5432"], []]);
});

/** What a process that may read the program and nothing else finds a configuration to need. */
async function neededUnderFlags(call: string): Promise<Needs> {
  const root = new URL("../../../", import.meta.url);
  const module = `
    import { adapterNeeds } from "${new URL("adapters/registry.ts", root)}";
    import { stateNeeds } from "${new URL("state/needs.ts", root)}";
    const env = (name) => ({ HOME: "/home/x", RIVET_STATE_URL: "postgres://u@state:5433/db" })[name];
    console.log(JSON.stringify(await ${call}));`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      `--allow-read=${resolve(root.pathname)}`,
      "--allow-env",
    ]
      .concat(`data:application/javascript,${encodeURIComponent(module)}`),
  }).output();
  const text = new TextDecoder();
  equal(code, 0, text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}

Deno.test("what may not be looked at takes nothing else of the needs away", async () => {
  const postgres = '{ type: "postgres", url: "postgres://u@db:5432/x", tls: { mode: "disable" } }';
  deepEqual((await neededUnderFlags(`adapterNeeds.source(${postgres}, env)`)).net, ["db:5432"]);
  deepEqual((await neededUnderFlags('stateNeeds("/conf", env)')).net, ["state:5433"]);
  const local = await neededUnderFlags(
    'adapterNeeds.destination({ type: "local", path: "/lake/out" }, env)',
  );
  deepEqual(local.write, ["/lake/out"]);
});
