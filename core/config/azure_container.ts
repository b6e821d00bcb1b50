import type { DestinationConfig } from "./schema.ts";

/** The block of `type: azure`. */
export type AzureConfig = Extract<DestinationConfig, { type: "azure" }>;

/** Under whichever of its two names it stands; a valid configuration has one. */
export function azureContainer({ bucket, container }: AzureConfig): string {
  return bucket ?? container ?? "";
}
