/** When a `tls:` block gives up what the connection URL asks for. */

/** How much of a server's identity a connection is sure of. */
export type Protection = "plaintext" | "anybody" | "authority" | "host";

const ORDER: readonly Protection[] = ["plaintext", "anybody", "authority", "host"];

const LOSS: Readonly<Record<Exclude<Protection, "host">, string>> = {
  plaintext: "credentials and result rows cross the network in plaintext",
  anybody: "the server's certificate is not checked, and whoever answers is trusted",
  authority: "the server's certificate may be that of another host",
};

/** What a connection makes sure of. */
export interface Checks {
  /** Encrypted in any case, and not only where the server offers it. */
  readonly encrypted: boolean;
  /** By an authority that is trusted. */
  readonly verified: boolean;
  /** That it names the host. */
  readonly host: boolean;
}

/** The weakest link decides: without encryption nothing else counts. */
export function protectionOf({ encrypted, verified, host }: Checks): Protection {
  if (!encrypted) return "plaintext";
  if (!verified) return "anybody";
  return host ? "host" : "authority";
}

/** Null when the block gives as much as the URL asks for. @param words of each, as they were written. */
export function tlsConflict(
  block: Protection,
  url: Protection,
  words: { readonly block: string; readonly url: string },
): string | null {
  if (block === "host" || ORDER.indexOf(block) >= ORDER.indexOf(url)) return null;
  return `tls: {${words.block}} wins over the connection URL, which asks for ${words.url}: ${
    LOSS[block]
  }`;
}

/** The settings of a block that weaken it, as they were written. */
export function blockWords(
  { mode, acceptInvalidCerts, acceptInvalidHostnames }: {
    readonly mode: string;
    readonly acceptInvalidCerts: boolean;
    readonly acceptInvalidHostnames: boolean;
  },
): string {
  return [
    `mode: ${mode}`,
    ...(acceptInvalidCerts ? ["accept_invalid_certs: true"] : []),
    ...(acceptInvalidHostnames ? ["accept_invalid_hostnames: true"] : []),
  ].join(", ");
}
