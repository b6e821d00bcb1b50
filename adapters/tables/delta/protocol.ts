/** Which tables this version writes to: those with no feature that it does not know. */
import { RivetError } from "../../../core/base/errors.ts";
import type { MetaData, Protocol } from "./actions.ts";

/** Timestamps without a time zone. */
const TIMESTAMP_NTZ = "timestampNtz";
/** What version 2 of writers implies: `appendOnly` is asked for, `invariants` are refused in the schema. */
const VERSION_2: readonly string[] = ["appendOnly", "invariants"];
const KNOWN: readonly string[] = [TIMESTAMP_NTZ, ...VERSION_2];

/** What versions of writers before lists of features imply beyond version 2. */
const LEGACY: readonly (readonly [version: number, features: string])[] = [
  [3, "check constraints"],
  [4, "generated columns and change data feeds"],
  [5, "column mapping"],
  [6, "identity columns"],
];

/** From these versions on, features are listed. */
const [READER_LISTS, WRITER_LISTS] = [3, 7];

/** The least that a table with these columns asks of who reads and writes it. */
export function protocolFor(ntz: boolean, before: Protocol | null): Protocol {
  if (before !== null && (!ntz || (before.writerFeatures ?? []).includes(TIMESTAMP_NTZ))) {
    return before;
  }
  if (!ntz) return { minReaderVersion: 1, minWriterVersion: 2 };
  const implied = before === null || before.minWriterVersion >= WRITER_LISTS ? [] : VERSION_2;
  const features = [...before?.writerFeatures ?? [], ...implied, TIMESTAMP_NTZ];
  return {
    minReaderVersion: READER_LISTS,
    minWriterVersion: WRITER_LISTS,
    readerFeatures: [...before?.readerFeatures ?? [], TIMESTAMP_NTZ],
    writerFeatures: [...new Set(features)],
  };
}

/** @throws RivetError TABLE_UNSUPPORTED naming what the table asks for. */
export function requireKnown(uri: string, protocol: Protocol, { schemaString }: MetaData): void {
  const { minReaderVersion: reader, minWriterVersion: writer } = protocol;
  const listed = [...protocol.readerFeatures ?? [], ...protocol.writerFeatures ?? []];
  const unknown = writer >= WRITER_LISTS
    ? listed.filter((feature) => !KNOWN.includes(feature))
    : LEGACY.filter(([version]) => version <= writer).map(([, features]) => features);
  if (reader > READER_LISTS || writer > WRITER_LISTS) {
    unknown.push(`protocol versions ${reader} and ${writer}`);
  }
  if (schemaString.includes('"delta.invariants"')) unknown.push("invariants of columns");
  if (unknown.length === 0) return;
  throw new RivetError(
    "TABLE_UNSUPPORTED",
    `the Delta table ${uri} asks its writers for ${[...new Set(unknown)].join(", ")}, which this ` +
      "version does not write",
    { hint: "Write to a table of its own, and merge from there with an engine that knows them." },
  );
}
