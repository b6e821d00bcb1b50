/** The default Azure identity chain: environment, workload identity, managed identity, the Azure CLI, ... */
import { DefaultAzureCredential, type TokenCredential } from "@azure/identity";
import type { HttpClient } from "../kit/http/client.ts";
import { type Requests, UNSTOPPED } from "../kit/requests.ts";
import { identityClient } from "./http.ts";

const STORAGE_SCOPE = "https://storage.azure.com/.default";

/** An identity that a token was had for. @throws DestinationError DESTINATION_AUTH */
export async function findIdentity(
  url: string,
  requests: Requests,
  http: HttpClient,
): Promise<TokenCredential> {
  const credential = new DefaultAzureCredential({ httpClient: identityClient(http) });
  const request = { doing: "find an identity for", target: url, permission: "a role" };
  await requests.run(
    request,
    UNSTOPPED,
    ({ signal }) => credential.getToken(STORAGE_SCOPE, { abortSignal: signal }),
  );
  return credential;
}
