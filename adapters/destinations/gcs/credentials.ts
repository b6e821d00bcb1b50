/** Google's credentials: a file of a service account, or the Application Default Credentials. */
import {
  GoogleAuth,
  type GoogleAuthOptions,
  type JWTInput,
  OAuth2Client,
} from "google-auth-library";
import { createPrivateKey } from "node:crypto";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerSecret } from "../../../core/base/redact.ts";
import type { HttpClient } from "../kit/http/client.ts";
import { originOf } from "../kit/http/message.ts";
import { type Requests, UNSTOPPED } from "../kit/requests.ts";
import type { Authorize } from "./api.ts";
import { DamagedKey } from "./errors.ts";

const SCOPE = "https://www.googleapis.com/auth/devstorage.read_write";

/**
 * @throws ConfigError when the file cannot be read or holds no credentials.
 * @throws DestinationError DESTINATION_AUTH when there are no default credentials.
 */
export async function findCredentials(
  bucket: string,
  file: string | undefined,
  requests: Requests,
  client: HttpClient,
): Promise<Authorize> {
  const credentials = file === undefined ? undefined : await readCredentials(file);
  const clientOptions: GoogleAuthOptions["clientOptions"] = {
    transporterOptions: {
      fetchImplementation: fetchThrough(client),
      // `Requests` tries again.
      retryConfig: { retry: 0, noResponseRetries: 0 },
    },
  };
  const auth = new GoogleAuth({
    scopes: [SCOPE],
    credentials,
    clientOptions,
    // Nothing here asks for a project. Without one the library would, of `gcloud` and of the machine.
    projectId: "unused",
  });
  const request = {
    doing: "find credentials for",
    target: `gs://${bucket}`,
    permission: "storage.objects.create",
  };
  await requests.run(request, UNSTOPPED, async () => {
    const { transporter } = new OAuth2Client(clientOptions);
    sendThrough(await auth.getClient(), transporter);
  });
  return async (url) => {
    try {
      return Object.fromEntries(await auth.getRequestHeaders(url));
    } catch (error) {
      throw isUnreadableKey(error) ? new DamagedKey(error) : error;
    }
  };
}

/** What OpenSSL and the runtime say of a private key that they cannot read. */
function isUnreadableKey(error: unknown): boolean {
  return error instanceof Error &&
    /DECODER routines|PEM routines|asn1|private key/i.test(error.message);
}

/** The library makes clients within clients, which it gives a transport of its own. */
function sendThrough(client: object, transporter: OAuth2Client["transporter"]): void {
  Object.assign(client, { transporter });
  const inner = [
    "stsCredential" in client ? client.stsCredential : null,
    "sourceClient" in client ? client.sourceClient : null,
  ];
  for (const one of inner) {
    if (typeof one === "object" && one !== null) sendThrough(one, transporter);
  }
}

/** The library's requests through the destination's client: its proxies, its certificates. */
function fetchThrough(client: HttpClient): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const { status, headers, bytes } = await client.send({
      method: request.method,
      origin: originOf(url),
      target: url.pathname + url.search,
      headers: Object.fromEntries(request.headers),
      body: body.length === 0 ? [] : [body],
    });
    return new Response(bytes.length === 0 ? null : new Uint8Array(bytes), { status, headers });
  };
}

async function readCredentials(file: string): Promise<JWTInput> {
  const problem = (what: string, cause?: unknown) =>
    new ConfigError(`destination.credentials_file: ${file} ${what}`, [], {
      hint: "Point it at the JSON key of a service account.",
      cause,
    });
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw problem("cannot be read", cause);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw problem("is not JSON", cause);
  }
  if (!isCredentials(content)) throw problem("holds no credentials: it has no `type`");
  for (const [name, value] of Object.entries(content)) {
    if (/^(private_key|refresh_token|client_secret)$/.test(name) && typeof value === "string") {
      registerSecret(value);
    }
  }
  if (typeof content.private_key === "string") {
    try {
      createPrivateKey(content.private_key);
    } catch (cause) {
      throw problem("holds a damaged `private_key`", cause);
    }
  }
  return content;
}

function isCredentials(content: unknown): content is JWTInput {
  return typeof content === "object" && content !== null && "type" in content &&
    typeof content.type === "string";
}
