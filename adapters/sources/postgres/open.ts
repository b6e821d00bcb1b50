/** Opens a session: the servers in turn, each encrypted or not as its mode allows, within its time. */
import { RivetError, SourceError } from "../../../core/base/errors.ts";
import { interrupted } from "../../../core/base/wait.ts";
import type { SessionKind } from "../../../core/config/postgres_parameters.ts";
import { classify } from "./errors.ts";
import type { ConnectionSettings } from "./settings.ts";
import { Answer } from "./wire/answer.ts";
import { execute, flight, parse } from "./wire/client_messages.ts";
import { addressOf, dial, type Encryption } from "./wire/dial.ts";
import { login } from "./wire/login.ts";
import { type BackendKey, FROM_SERVER, parseTextRow, ServerError } from "./wire/server_messages.ts";
import { TlsError } from "../kit/tls_failure.ts";
import type { TlsMode } from "./wire/tls_options.ts";
import { protocolSteps } from "../kit/steps.ts";
import { LostError, Wire } from "./wire/wire.ts";

/** A session that is ready for its first statement. */
export interface Session {
  readonly wire: Wire;
  readonly settings: ConnectionSettings;
  /** How it was reached, and others like it can be. */
  readonly encryption: Encryption;
  readonly encrypted: boolean;
  /** Nobody on the way can read it. */
  readonly confidential: boolean;
  readonly key: BackendKey | null;
  /** For people. */
  readonly address: string;
}

/** The servers to try. */
export interface Servers {
  readonly servers: readonly ConnectionSettings[];
  readonly sessionKind: SessionKind;
}

/** What is the same for all of them. */
export interface OpenOptions {
  readonly applicationName: string;
  readonly networkTimeoutS: number;
  readonly signal?: AbortSignal;
}

/** In order: the next one is tried where the server refuses the one before it for being so. */
const ENCRYPTIONS: Readonly<Record<TlsMode, readonly Encryption[]>> = {
  disable: ["plain"],
  allow: ["plain", "tls"],
  prefer: ["prefer", "plain"],
  require: ["tls"],
  "verify-ca": ["tls"],
  "verify-full": ["tls"],
};

/** pg_hba.conf has no line for this user at this address with, or without, TLS. */
const NO_HBA_LINE = "28000";

/** Settings that hold from the login on, whatever role and database say. */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  default_transaction_read_only: "on",
  idle_in_transaction_session_timeout: "0",
  lock_timeout: "0",
  statement_timeout: "0",
};

/**
 * Addresses of poolers that let no setting through. Every transaction sets its own anyway; here a SET would
 * stay behind in a session that others use next.
 */
const withoutSettings = new Set<string>();

/** What poolers and old servers say of a setting in the startup message. */
function refusesSettings(error: unknown): boolean {
  return error instanceof ServerError && /^(08P01|42704|0A000|22023)$/.test(error.code) &&
    /parameter|option/i.test(error.message);
}

function startupParameters(
  settings: ConnectionSettings,
  { applicationName }: OpenOptions,
  kind: SessionKind,
): Record<string, string> {
  const own = withoutSettings.has(addressOf(settings)) ? {} : { ...SESSION_SETTINGS };
  // The server is asked for its own value, to tell which kind it is.
  if (kind === "read-write" || kind === "read-only") delete own.default_transaction_read_only;
  return {
    user: settings.credentials.user,
    database: settings.database,
    application_name: settings.applicationName ?? applicationName,
    client_encoding: "UTF8",
    ...own,
    ...(settings.options === null ? {} : { options: settings.options }),
  };
}

/** One login, in time. */
async function attempt(
  settings: ConnectionSettings,
  encryption: Encryption,
  options: OpenOptions,
  kind: SessionKind,
  signal: AbortSignal,
): Promise<Session> {
  const channel = await dial(settings, encryption, signal);
  const { stream, encrypted, confidential } = channel;
  const steps = protocolSteps(options.applicationName);
  const wire = new Wire(stream, options.networkTimeoutS * 1000, steps);
  const onAbort = () => wire.close(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const parameters = startupParameters(settings, options, kind);
    const key = await login(wire, channel, settings.credentials, parameters);
    await checkKind(wire, kind);
    const address = addressOf(settings);
    const reached = encrypted ? "tls" : "plain";
    return { wire, settings, encryption: reached, encrypted, confidential, key, address };
  } catch (error) {
    wire.close();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The server is of another kind than the one that is wanted. */
class WrongKind extends Error {
  override readonly name = "WrongKind";
}

async function checkKind(wire: Wire, kind: SessionKind): Promise<void> {
  if (kind === "any" || kind === "prefer-standby") return;
  const answer = new Answer(wire);
  let row: readonly (string | null)[] = [];
  const sql = "SELECT pg_catalog.pg_is_in_recovery(), " +
    "pg_catalog.current_setting('default_transaction_read_only')";
  wire.send(flight(parse(sql), execute("text")));
  await answer.finish(({ type, body }) => {
    if (type === FROM_SERVER.dataRow) row = parseTextRow(body);
  });
  const [recovery, readOnly] = row;
  const standby = recovery === "t";
  const writable = !standby && readOnly === "off";
  const found: Record<Exclude<SessionKind, "any" | "prefer-standby">, boolean> = {
    primary: !standby,
    standby,
    "read-write": writable,
    "read-only": !writable,
  };
  if (!found[kind]) throw new WrongKind(`it is not ${kind} (target_session_attrs)`);
}

/** With the settings that hold for the session, and without where those are not let through. */
async function withSettings(
  settings: ConnectionSettings,
  login: () => Promise<Session>,
): Promise<Session> {
  try {
    return await login();
  } catch (error) {
    const address = addressOf(settings);
    if (!refusesSettings(error) || withoutSettings.has(address)) throw error;
    withoutSettings.add(address);
    return await login();
  }
}

async function openServer(
  settings: ConnectionSettings,
  options: OpenOptions,
  kind: SessionKind,
  signal: AbortSignal,
): Promise<Session> {
  const [first, second] = ENCRYPTIONS[settings.tls.mode];
  const login = (encryption: Encryption) =>
    withSettings(settings, () => attempt(settings, encryption, options, kind, signal));
  try {
    return await login(first);
  } catch (error) {
    const refused = error instanceof TlsError ||
      (error instanceof ServerError && error.code === NO_HBA_LINE);
    if (second === undefined || !refused) throw error;
    try {
      return await login(second);
    } catch (again) {
      // Of two refusals, the one of the connection that is wanted more says what to change.
      throw again instanceof ServerError && again.code === NO_HBA_LINE ? error : again;
    }
  }
}

/** A deadline for all of a login, from the name's look-up to the server's readiness. */
async function inTime(
  settings: ConnectionSettings,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Session>,
): Promise<Session> {
  const ending = new AbortController();
  const { connectTimeoutS } = settings;
  const timer = setTimeout(
    () => ending.abort(new LostError(`the login took over ${connectTimeoutS} s`, "ETIMEDOUT")),
    connectTimeoutS * 1000,
  );
  const onAbort = () => ending.abort(interrupted());
  outer?.addEventListener("abort", onAbort, { once: true });
  if (outer?.aborted) onAbort();
  try {
    return await work(ending.signal);
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onAbort);
  }
}

/** Where a password is wrong, it is so everywhere; anything else another server may do better. */
function endsSearch(error: unknown): boolean {
  return error instanceof RivetError || (error instanceof ServerError && /^28/.test(error.code));
}

function classified(error: unknown, settings: ConnectionSettings): RivetError {
  const address = addressOf(settings);
  if (error instanceof WrongKind) {
    return new SourceError("SOURCE_UNREACHABLE", `PostgreSQL at ${address}: ${error.message}`, {
      category: "network",
      hint: "Check the hosts of the URL and target_session_attrs.",
    });
  }
  return classify(error, { address, statementTimeoutMs: 0, elapsedMs: 0 });
}

/** The failures of several servers as one: the last one's, with what the others said. */
function allFailed(failures: readonly RivetError[]): RivetError {
  const last = failures[failures.length - 1];
  if (failures.length === 1) return last;
  const message = failures.map((failure) => failure.message).join("; ");
  const { category, hint, nativeCode } = last;
  return new SourceError(last.code, message, { category, hint, nativeCode, cause: last });
}

/** The kinds to look for, in turn. */
function searches(kind: SessionKind): readonly SessionKind[] {
  return kind === "prefer-standby" ? ["standby", "any"] : [kind];
}

/** @throws SourceError, ConfigError, RivetError INTERRUPTED */
export async function openSession(
  { servers, sessionKind }: Servers,
  options: OpenOptions,
): Promise<Session> {
  const failures: RivetError[] = [];
  for (const kind of searches(sessionKind)) {
    failures.length = 0;
    for (const settings of servers) {
      try {
        return await inTime(
          settings,
          options.signal,
          (signal) => openServer(settings, options, kind, signal),
        );
      } catch (error) {
        const failure = classified(error, settings);
        if (endsSearch(error)) throw failure;
        failures.push(failure);
      }
    }
  }
  throw allFailed(failures);
}
