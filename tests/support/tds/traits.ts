/**
 * What servers do differently within the protocol. Without traits the scripted server does the plainest
 * that [MS-TDS] allows; each trait is something that a server was seen to do instead.
 */

export interface Traits {
  /** A DONE of its own for each SET that begins a batch, before the result's COLMETADATA. */
  readonly donePerSet: boolean;
  /** Rows with a NULL as NBCROW and the others as ROW, in one result. */
  readonly mixedRows: boolean;
  /** Every column in its nullable form, with the flags 0x0009, whatever it was declared. */
  readonly nullableForms: boolean;
  /** `09 04 d0 00 34`, SQL_Latin1_General_CP1_CI_AS, where the default collation is asked for. */
  readonly sqlCollation: boolean;
  /** Decimals as `6c 11 p s`, each value in the fewest bytes. */
  readonly shortDecimals: boolean;
  /** Packets of 32,764 bytes, which no ENVCHANGE announces. */
  readonly quietPackets: boolean;
  /** ENVCHANGE 7, the database's collation, at login. */
  readonly loginCollation: boolean;
  /** Chunked values in pieces of 32,000 bytes with their total in front. */
  readonly largePieces: boolean;
  /** The tables of text, ntext and image columns named by two parts. */
  readonly namedLobs: boolean;
  /** ENVCHANGE 8 and 9 around transactions, whose descriptor every batch within has to carry. */
  readonly transactions: boolean;
  /** When a cancellation is confirmed: at once, after what was under way, not at all. */
  readonly attention: "prompt" | "late" | "never";
}

export const PLAIN: Traits = {
  donePerSet: false,
  mixedRows: false,
  nullableForms: false,
  sqlCollation: false,
  shortDecimals: false,
  quietPackets: false,
  loginCollation: false,
  largePieces: false,
  namedLobs: false,
  transactions: false,
  attention: "prompt",
};

/** All at once, with cancellations confirmed in the end. */
export const AS_A_REAL_SERVER: Traits = {
  donePerSet: true,
  mixedRows: true,
  nullableForms: true,
  sqlCollation: true,
  shortDecimals: true,
  quietPackets: true,
  loginCollation: true,
  largePieces: true,
  namedLobs: true,
  transactions: true,
  attention: "late",
};

export interface NamedTraits {
  readonly name: string;
  readonly traits: Traits;
}

/** Each trait alone. */
export const SINGLE_TRAITS: readonly NamedTraits[] = Object.keys(PLAIN).map((name) => ({
  name,
  traits: { ...PLAIN, [name]: AS_A_REAL_SERVER[name as keyof Traits] },
}));
