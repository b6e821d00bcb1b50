/** The peer does not speak the protocol, or not as it is written down. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";

  /** @param what was sent. */
  constructor(what: string) {
    super(`the server sent ${what}`);
  }
}
