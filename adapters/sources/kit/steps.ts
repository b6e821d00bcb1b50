/** The steps of a source's protocol as lines of the log: which message, how long, and nothing of what is in it. */
import { logger, logs } from "../../../core/base/log.ts";

/** Told of each message of one session. */
export interface Steps {
  /** @param messages that leave together. */
  sent(messages: string, bytes: number): void;
  received(message: string, bytes: number): void;
  /** What is no message: a state that the driver is in. */
  step(text: string): void;
}

/** @param session as the server's list of sessions shows it. Null where nobody would see the lines. */
export function protocolSteps(session: string): Steps | null {
  if (!logs("trace")) return null;
  const message = (direction: "sent" | "received") => (name: string, bytes: number) =>
    logger().trace(`${session}: ${direction} ${name}, ${bytes} bytes`, {
      ...{ session, direction, message: name, bytes },
    });
  return {
    sent: message("sent"),
    received: message("received"),
    step: (text) => logger().trace(`${session}: ${text}`, { session }),
  };
}
