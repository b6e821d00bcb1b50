/** The bounds of a page or column chunk, as its statistics and the column index hold them. */

/** A value in PLAIN encoding without length prefix; not exact when it was cut short. */
export interface Bound {
  readonly value: Uint8Array;
  readonly exact: boolean;
}

/** The least and the greatest value, or values beyond them. */
export interface Bounds {
  readonly min: Bound;
  readonly max: Bound;
}
