/**
 * Rows without mysql2: it reads what comes before and behind them, packet by packet, and its parser rests while
 * there are rows. What this depends on in the driver (3.24.5): `packetParser` and `sequenceId` in
 * `lib/base/connection.js`, and in `lib/commands/query.js` that a query's `next` is its `row` when rows follow.
 */
import { Buffer } from "node:buffer";
import { RivetError } from "../../../core/base/errors.ts";
import type { LaidOutRows } from "../kit/kernel/row_kernel.ts";
import type { Driver } from "./driver.ts";
import type { KernelCode } from "./kernel/kernel.ts";
import { PacketError, type RowPackets } from "./rows.ts";

/** Takes a result's rows. */
export interface RowTaker {
  readonly packets: RowPackets;
  /** Rows, valid during the call only. Throws nothing. */
  rows(laidOut: LaidOutRows<KernelCode>): void;
  /** A row cannot be taken: those that follow it are dropped. */
  failed(error: unknown): void;
}

interface PacketParser {
  execute(bytes: Uint8Array): void;
}

interface TappedDriver {
  packetParser: PacketParser;
  sequenceId: number;
}

interface TappedQuery {
  readonly next: unknown;
  readonly row: unknown;
}

/** Stands in for the driver's parser while a query runs. */
export class RowTap implements PacketParser {
  readonly #driver: TappedDriver;
  readonly #parser: PacketParser;
  readonly #query: TappedQuery;
  readonly #taker: RowTaker;
  readonly #lost: (error: Error) => void;
  /** Whether the driver has come to the rows. */
  reached = false;

  /** @param lost is told when the server speaks otherwise than the protocol has it. */
  constructor(driver: Driver, query: object, taker: RowTaker, lost: (error: Error) => void) {
    const known = "packetParser" in driver && "sequenceId" in driver && "row" in query;
    if (!known) throw new RivetError("INTERNAL", "mysql2 cannot be tapped; its internals changed");
    this.#driver = driver as unknown as TappedDriver;
    this.#parser = this.#driver.packetParser;
    this.#query = query as TappedQuery;
    this.#taker = taker;
    this.#lost = lost;
    this.#driver.packetParser = this;
  }

  /** Gives the driver its parser back. */
  remove(): void {
    this.#driver.packetParser = this.#parser;
  }

  execute(bytes: Uint8Array): void {
    const { packets } = this.#taker;
    packets.append(bytes);
    for (;;) {
      if (this.#query.next === this.#query.row) {
        this.reached = true;
        if (!this.#takeRows()) return;
        this.#driver.sequenceId = packets.sequence;
      }
      const packet = packets.takePacket();
      if (packet === null) return;
      this.#parser.execute(Buffer.from(packet.buffer));
    }
  }

  /** Takes the rows that have come whole. True: a packet of another kind follows. */
  #takeRows(): boolean {
    const taker = this.#taker;
    const { packets } = taker;
    for (;;) {
      try {
        const stop = packets.layOut();
        if (packets.rows > 0) taker.rows(packets.take());
        if (stop !== "full") return stop === "other";
      } catch (error) {
        if (error instanceof PacketError) {
          this.#lost(error);
          return false;
        }
        packets.skip();
        taker.failed(error);
      }
    }
  }
}
