/** The driver's configuration of one connection. */
import type net from "node:net";
import type { ConnectionConfiguration } from "tedious";
import type tcp from "tedious/lib/connector.js";
import { logs } from "../../../core/base/log.ts";
import type { Steps } from "../kit/steps.ts";
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
      debug: { packet: logs("trace"), data: false, payload: false, token: false },
      language: "us_english",
      dateFormat: "ymd",
    },
  };
}

const DIRECTIONS: Readonly<Record<string, "sent" | "received">> = {
  Sent: "sent",
  Received: "received",
};

/** `type:0x04(TABULAR_RESULT), status:0x01(EOM), length:0x0021, ...`, as the driver writes a header. */
const HEADER = /type:0x[0-9a-f]{2}\((\w+)\).*length:0x([0-9a-f]{4})/i;

/** What the driver says of itself, a direction before its header, as steps. */
export function driverSteps(steps: Steps): (text: string) => void {
  let direction: "sent" | "received" | undefined;
  return (text) => {
    const [, name, length] = HEADER.exec(text) ?? [];
    if (text in DIRECTIONS) direction = DIRECTIONS[text];
    else if (name !== undefined && direction !== undefined) {
      steps[direction](name, parseInt(length, 16));
    } else if (text.startsWith("State change: ")) steps.step(text.toLowerCase());
  };
}
