/** What `type: gcs` needs: the store, and whoever changes a key for a token. */
import { join } from "node:path";
import { type EnvLookup, type NeedsOf, together } from "../../../core/ports/needs.ts";
import { textOf } from "../kit/existing.ts";
import { homeOf } from "../kit/home.ts";
import { storeNeeds } from "../kit/needs.ts";
import type { GcsConfig } from "./mod.ts";

const STORE = "https://storage.googleapis.com";
const TOKENS = "https://oauth2.googleapis.com";
const METADATA = ["http://169.254.169.254", "http://metadata.google.internal"];

/** What exports to GCS reach: the store, and whoever signs for the credentials. */
export const gcsNeeds: NeedsOf<GcsConfig> = (config, env) => {
  const { endpoint = STORE, credentials_file, ca_file } = config;
  const emulated = credentials_file === undefined && /^http:/i.test(endpoint);
  const anonymous = config.allow_anonymous === true || emulated;
  const credentials = anonymous ? null : credentialFile(credentials_file, env);
  const urls = credentials === null ? [] : [TOKENS, ...urlsIn(textOf(credentials))];
  const machine = credentials !== null && textOf(credentials) === "";
  const host = env("GCE_METADATA_HOST") ?? env("GCE_METADATA_IP");
  const metadata = host === undefined ? METADATA : [`http://${host}`];
  return together(
    storeNeeds({ urls: [endpoint, ...urls, ...(machine ? metadata : [])], caFile: ca_file }, env),
    {
      read: credentials === null ? [] : [credentials, ...filesIn(textOf(credentials))],
      env: anonymous ? [] : [
        ...["GOOGLE_*", "google_application_credentials", "GCLOUD_*", "CLOUDSDK_*", "GCE_*"],
        ...["METADATA_SERVER_DETECTION", "K_SERVICE", "HOME", "APPDATA"],
      ],
      sys: machine ? ["networkInterfaces"] : [],
    },
  );
};

/** The file that is named, else that of the Application Default Credentials. */
function credentialFile(named: string | undefined, env: EnvLookup): string {
  const given = named ?? env("GOOGLE_APPLICATION_CREDENTIALS") ??
    env("google_application_credentials");
  if (given !== undefined && given !== "") return given;
  const folder = env("CLOUDSDK_CONFIG") ??
    (Deno.build.os === "windows"
      ? join(env("APPDATA") ?? "", "gcloud")
      : join(homeOf(env), ".config", "gcloud"));
  return join(folder, "application_default_credentials.json");
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** `token_uri` of an account's key; `token_url` and others of identities from elsewhere. */
function urlsIn(text: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown) => {
    if (typeof value === "string" && /^https?:/.test(value)) found.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  const { auth_uri: _login, auth_provider_x509_cert_url: _a, client_x509_cert_url: _c, ...used } =
    parsed(text);
  visit(used);
  return found;
}

/** Where an identity from elsewhere keeps its token. */
function filesIn(text: string): string[] {
  const { file } = Object(parsed(text).credential_source);
  return typeof file === "string" ? [file] : [];
}
