/** A byte stream to a server, whatever carries it. */

/** Both directions; an end is null. */
export interface ByteSocket {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  /** Ends what is under way. */
  close(): void;
}

/** What it may trust, and what ends it. */
export interface SocketOptions {
  /** PEM, beside the certificates that the machine trusts. */
  readonly caCerts: readonly string[];
  readonly signal: AbortSignal | undefined;
}
