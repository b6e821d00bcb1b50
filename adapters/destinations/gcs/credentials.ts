/** Google's credentials: a file of a service account, or the Application Default Credentials. */
import { GoogleAuth, type GoogleAuthOptions, type JWTInput } from "google-auth-library";
import { createPrivateKey } from "node:crypto";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerSecret } from "../../../core/base/redact.ts";
import type { HttpClient } from "../kit/http/client.ts";
import { originOf } from "../kit/http/message.ts";
import { type Requests, UNSTOPPED } from "../kit/requests.ts";
import type { Authorize } from "./api.ts";

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
  const auth = quietly(() => new GoogleAuth({ scopes: [SCOPE], credentials, clientOptions }));
  const request = {
    doing: "find credentials for",
    target: `gs://${bucket}`,
    permission: "storage.objects.create",
  };
  await requests.run(request, UNSTOPPED, () => auth.getClient());
  return async (url) => Object.fromEntries(await auth.getRequestHeaders(url));
}

/** The library warns on the console of files from strangers; this one is the user's own. */
function quietly<T>(make: () => T): T {
  const { warn } = console;
  console.warn = () => {};
  try {
    return make();
  } finally {
    console.warn = warn;
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
