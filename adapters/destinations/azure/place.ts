/** Where an account's blobs are. */
import type { AzureConfig } from "../../../core/config/azure_container.ts";

export type { AzureConfig };

/** Without a `/` at its end. */
export function accountUrl({ endpoint, account_name }: AzureConfig): string {
  return endpoint?.replace(/\/+$/, "") ?? `https://${account_name}.blob.core.windows.net`;
}
