/**
 * From the startup message to the first ReadyForQuery.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import { createHash } from "node:crypto";
import {
  password as passwordMessage,
  saslInitialResponse,
  saslResponse,
  startup,
} from "./client_messages.ts";
import type { AuthMethod } from "../../../../core/config/postgres_parameters.ts";
import type { Channel } from "./dial.ts";
import { LoginError } from "./login_error.ts";
import { ProtocolError } from "./protocol_error.ts";
import { type ChannelBinding, SCRAM, SCRAM_PLUS, ScramExchange } from "./scram.ts";
import {
  type BackendKey,
  FROM_SERVER,
  parseBackendKey,
  parseError,
  viewOf,
} from "./server_messages.ts";
import type { Wire } from "./wire.ts";

/** Who logs in, and what may be asked for that. */
export interface Credentials {
  readonly user: string;
  /** Null: none is known. */
  readonly password: string | null;
  readonly channelBinding: "disable" | "prefer" | "require";
  /** Null: whatever the server asks for. */
  readonly requireAuth: ReadonlySet<AuthMethod> | null;
  /** A password may be sent as it is over a connection that is not encrypted. */
  readonly allowCleartext: boolean;
}

/** The codes of an Authentication message. */
const AUTH = {
  ok: 0,
  cleartext: 3,
  md5: 5,
  gss: 7,
  sspi: 9,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const;

const utf8 = new TextDecoder();

function md5(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Answers one login's Authentication messages. */
class Authentication {
  readonly #wire: Wire;
  readonly #channel: Channel;
  readonly #credentials: Credentials;
  #scram: ScramExchange | null = null;
  /** How the server has let, or is to let, this client in. */
  #method: AuthMethod = "none";
  /** The server has proven that it knows the password. */
  #proven = false;

  constructor(wire: Wire, channel: Channel, credentials: Credentials) {
    this.#wire = wire;
    this.#channel = channel;
    this.#credentials = credentials;
  }

  async answer(body: Uint8Array): Promise<void> {
    const rest = body.subarray(4);
    switch (viewOf(body).getInt32(0)) {
      case AUTH.ok:
        return this.#accepted();
      case AUTH.cleartext:
        return this.#cleartext();
      case AUTH.md5:
        return this.#md5(rest);
      case AUTH.sasl:
        return this.#saslStart(utf8.decode(rest).split("\0").filter((name) => name !== ""));
      case AUTH.saslContinue: {
        const response = await this.#exchange().final(utf8.decode(rest));
        return this.#wire.send(saslResponse(response));
      }
      case AUTH.saslFinal:
        this.#exchange().verify(utf8.decode(rest));
        this.#proven = true;
        return;
      case AUTH.gss:
        return this.#unsupported("gss", "GSSAPI (Kerberos)");
      case AUTH.sspi:
        return this.#unsupported("sspi", "SSPI");
      default:
        return this.#unsupported("none", "a login of a kind that is not known");
    }
  }

  #exchange(): ScramExchange {
    if (this.#scram === null) throw new ProtocolError("a SASL message before the login had begun");
    return this.#scram;
  }

  #accepted(): void {
    if (this.#scram !== null && !this.#proven) {
      throw new LoginError("the server ended the login without proving that it knows the password");
    }
    this.#use(this.#method);
    const { channelBinding } = this.#credentials;
    if (channelBinding === "require" && this.#scram?.mechanism !== SCRAM_PLUS) {
      throw new LoginError("channel_binding=require, but the server let this client in without it");
    }
  }

  #use(method: AuthMethod): void {
    this.#method = method;
    const { requireAuth } = this.#credentials;
    if (requireAuth === null || requireAuth.has(method)) return;
    const asked = method === "none" ? "nothing" : method;
    throw new LoginError(`the server asks for ${asked}, which require_auth does not allow`);
  }

  #password(): string {
    const { password } = this.#credentials;
    if (password !== null) return password;
    throw new LoginError(
      "the server asks for a password, and none is given",
      "Give it in the URL, by source.password_env, or in ~/.pgpass.",
    );
  }

  #cleartext(): void {
    this.#use("password");
    this.#refuseUnbound();
    if (!this.#channel.confidential && !this.#credentials.allowCleartext) {
      throw new LoginError(
        "the server asks for the password as plain text over a connection that is not encrypted",
        "Use TLS (tls: {mode: verify-full}), let the server ask by scram-sha-256, or write " +
          "allow_cleartext_password: true on a network that nobody else can read.",
      );
    }
    this.#wire.send(passwordMessage(this.#password()));
  }

  #md5(salt: Uint8Array): void {
    this.#use("md5");
    this.#refuseUnbound();
    const inner = md5(this.#password(), this.#credentials.user);
    this.#wire.send(passwordMessage(`md5${md5(inner, salt.slice(0, 4))}`));
  }

  /** Before anything of the password is given away. */
  #refuseUnbound(): void {
    if (this.#credentials.channelBinding !== "require") return;
    throw new LoginError(
      "channel_binding=require, but the server asks for the password without it",
    );
  }

  #saslStart(mechanisms: readonly string[]): void {
    const binding = this.#binding(mechanisms);
    const scram = new ScramExchange(this.#scramPassword(mechanisms), binding);
    this.#scram = scram;
    this.#wire.send(saslInitialResponse(scram.mechanism, scram.first()));
  }

  #scramPassword(mechanisms: readonly string[]): string {
    if (!mechanisms.includes(SCRAM) && !mechanisms.includes(SCRAM_PLUS)) {
      const oauth = mechanisms.includes("OAUTHBEARER");
      return this.#unsupported(oauth ? "oauth" : "none", mechanisms.join(", "));
    }
    this.#use("scram-sha-256");
    return this.#password();
  }

  #binding(mechanisms: readonly string[]): ChannelBinding {
    const { channelBinding } = this.#credentials;
    const { endPoint } = this.#channel;
    const offered = mechanisms.includes(SCRAM_PLUS);
    if (channelBinding !== "disable" && offered && endPoint !== null) return endPoint;
    this.#refuseUnbound();
    return channelBinding === "disable" || endPoint === null ? "none" : "unoffered";
  }

  #unsupported(method: AuthMethod, what: string): never {
    if (method !== "none") this.#use(method);
    throw new LoginError(
      `the server asks for ${what}, which is not supported`,
      "Let this user in by scram-sha-256 (pg_hba.conf).",
    );
  }
}

/**
 * @param parameters of the startup message.
 * @throws ServerError, LoginError, ProtocolError, LostError.
 */
export async function login(
  wire: Wire,
  channel: Channel,
  credentials: Credentials,
  parameters: Readonly<Record<string, string>>,
): Promise<BackendKey | null> {
  const authentication = new Authentication(wire, channel, credentials);
  let key: BackendKey | null = null;
  wire.send(startup(parameters));
  for (;;) {
    const { type, body } = await wire.next();
    switch (type) {
      case FROM_SERVER.authentication:
        await authentication.answer(body);
        break;
      case FROM_SERVER.backendKeyData:
        key = parseBackendKey(body);
        break;
      case FROM_SERVER.readyForQuery:
        wire.rest();
        return key;
      case FROM_SERVER.errorResponse:
        throw parseError(body);
      case FROM_SERVER.negotiateProtocolVersion:
        break;
      default:
        throw new ProtocolError(
          `a message ${JSON.stringify(String.fromCharCode(type))} at the login`,
        );
    }
  }
}
