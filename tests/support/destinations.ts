/** Destinations as tests use them: a call takes a signal only where the test has one. */
import type { Asked, BoundDestination, Destination } from "../../core/ports/destination.ts";

export type OpenDestination = Destination & BoundDestination;

/** What `doctor` asks, without and with `--write-probe`. */
export const LOOK: Asked = { write: false, list: true, compare: false };
export const WRITE: Asked = { write: true, list: true, compare: true };
