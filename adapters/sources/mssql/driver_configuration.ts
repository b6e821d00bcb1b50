/** The driver's configuration of one connection. */
import type net from "node:net";
import type { ConnectionConfiguration } from "tedious";
import type tcp from "tedious/lib/connector.js";
import type { ConnectionSettings } from "./settings.ts";
import { driverTls } from "./tls.ts";

/** The largest that the protocol has. */
const PACKET_BYTES = 32_767;
/** A server that does not confirm a cancellation within this loses the connection. */
const CANCEL_TIMEOUT_MS = 5_000;

/** With what tedious calls a connector; its types say without. */
export type Connect = typeof tcp.connectInSequence;

/** What the driver is told; limits of time are ours. */
export function configuration(
  settings: ConnectionSettings,
  { applicationName }: { readonly applicationName: string },
  connector: Connect,
): ConnectionConfiguration {
  const { host, port, instance, user, password, database, connectTimeoutS } = settings;
  return {
    server: host,
    authentication: { type: "default", options: { userName: user, password } },
    options: {
      ...(port === null ? { instanceName: instance ?? "" } : { port }),
      ...driverTls(settings.tls),
      connector: connector as unknown as () => Promise<net.Socket>,
      database,
      appName: applicationName,
      connectTimeout: connectTimeoutS * 1000,
      // The statement timeout covers the whole statement; that of tedious ends with its first packet.
      requestTimeout: 0,
      cancelTimeout: CANCEL_TIMEOUT_MS,
      packetSize: PACKET_BYTES,
      // Rivet retries, with a classified error and a delay of its own.
      maxRetriesOnTransientErrors: 0,
      readOnlyIntent: settings.readOnlyIntent,
      language: "us_english",
      dateFormat: "ymd",
    },
  };
}
