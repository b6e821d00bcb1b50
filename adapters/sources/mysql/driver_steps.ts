/** mysql2's packets as lines of the log (`writePacket` and `handlePacket` in `lib/base/connection.js`). */
import { RivetError } from "../../../core/base/errors.ts";
import type { Steps } from "../kit/steps.ts";
import type { Driver } from "./driver.ts";

/** A packet's bytes with its header of four. */
interface DriverPacket {
  readonly buffer: Uint8Array;
  readonly offset: number;
  length(): number;
}

interface DriverPackets {
  readonly authorized?: boolean;
  writePacket(packet: DriverPacket): void;
  /** Without a packet: a command begins. */
  handlePacket(packet?: DriverPacket): void;
}

const HEADER_BYTES = 4;

/** The first byte of a command. */
const COMMANDS: ReadonlyMap<number, string> = new Map([
  [0x01, "COM_QUIT"],
  [0x02, "COM_INIT_DB"],
  [0x03, "COM_QUERY"],
  [0x0e, "COM_PING"],
  [0x1f, "COM_RESET_CONNECTION"],
]);

/** The first byte of an answer; another one counts the columns of a result. */
const ANSWERS: ReadonlyMap<number, string> = new Map([
  [0x00, "OK"],
  [0xfb, "LOCAL_INFILE"],
  [0xfe, "EOF"],
  [0xff, "ERR"],
]);

/** Of an answer its first packet is told: of a result, that it has begun. */
export function tellPackets(driver: Driver, steps: Steps): void {
  const packets = driver as unknown as DriverPackets;
  if (typeof packets.writePacket !== "function" || typeof packets.handlePacket !== "function") {
    throw new RivetError("INTERNAL", "mysql2 cannot be listened to; its internals changed");
  }
  const write = packets.writePacket.bind(packets);
  const handle = packets.handlePacket.bind(packets);
  // The server speaks first.
  let awaited = true;
  packets.writePacket = (packet) => {
    const command = packet.buffer[HEADER_BYTES];
    const name = packets.authorized === true ? COMMANDS.get(command) ?? "command" : "login";
    steps.sent(name, packet.length());
    awaited = true;
    write(packet);
  };
  packets.handlePacket = (packet) => {
    if (awaited && packet !== undefined) {
      awaited = false;
      const first = packet.buffer[packet.offset];
      const named = ANSWERS.get(first) ?? `a result of ${first} columns`;
      steps.received(packets.authorized === true ? named : "login", packet.length());
    }
    handle(packet);
  };
}
