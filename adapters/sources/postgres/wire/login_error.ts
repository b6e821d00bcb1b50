/** The login cannot go on, though the server has not refused it: what it asks for is not given. */
export class LoginError extends Error {
  override readonly name = "LoginError";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
