/** Tells a proxy that shares server connections (ProxySQL, MaxScale, others) from a direct connection. */

export type ProxyKind = "Direct" | "ProxySql" | "MaxScale" | "Multiplexed";

/** What was found out by asking. */
export interface ProxyEvidence {
  /** `PROXYSQL INTERNAL SESSION` was answered instead of being a syntax error. */
  readonly internalSession: boolean;
  /** `@@version_comment`; null when it could not be read. */
  readonly versionComment: string | null;
  /** `@@proxy_version`; null when there is no such variable. */
  readonly proxyVersion: string | null;
  /** `CONNECTION_ID()`, asked twice. */
  readonly connectionIds: readonly [string, string];
}

function named(text: string | null): ProxyKind | null {
  if (text === null) return null;
  if (/maxscale/i.test(text)) return "MaxScale";
  return /proxysql/i.test(text) ? "ProxySql" : null;
}

/** The strongest evidence decides, in the order of contracts section 10. */
export function classifyProxy(evidence: ProxyEvidence): ProxyKind {
  if (evidence.internalSession) return "ProxySql";
  const byComment = named(evidence.versionComment);
  if (byComment !== null) return byComment;
  // Servers have no such variable: whoever answers is a proxy, named or not.
  if (evidence.proxyVersion !== null) return named(evidence.proxyVersion) ?? "Multiplexed";
  return evidence.connectionIds[0] === evidence.connectionIds[1] ? "Direct" : "Multiplexed";
}

const NAMES: Record<Exclude<ProxyKind, "Direct">, string> = {
  ProxySql: "ProxySQL",
  MaxScale: "MaxScale",
  Multiplexed: "statements reach different server connections",
};

/** One line for the log. The export runs all the same: its settings are repeated in each transaction. */
export function proxyWarning(kind: ProxyKind): string | null {
  if (kind === "Direct") return null;
  return `MySQL proxy multiplexer detected (${
    NAMES[kind]
  }): session settings do not outlive a transaction`;
}

/** Runs one statement: the first value of its result, null for NULL, undefined when it fails. */
export type Ask = (sql: string) => Promise<string | null | undefined>;

/** Asks for the evidence, no more than is needed. */
export async function detectProxy(versionComment: string | null, ask: Ask): Promise<ProxyKind> {
  const internalSession = await ask("PROXYSQL INTERNAL SESSION") !== undefined;
  const proxyVersion = internalSession ? null : await ask("SELECT @@proxy_version") ?? null;
  const id = async () => await ask("SELECT CONNECTION_ID()") ?? "";
  const connectionIds = [await id(), await id()] as const;
  return classifyProxy({ internalSession, versionComment, proxyVersion, connectionIds });
}
