/** The scalar shapes that the configuration's blocks share. */
import type { NumberShape, TextShape } from "../../base/shape_scalars.ts";
import { s } from "../../base/shapes.ts";

/** Text that must not be empty. */
export const text: TextShape = s.string().min(1);
/** A whole number from 1. */
export const positive: NumberShape = s.number().int().positive();
/** A whole number from 0. */
export const nonNegative: NumberShape = s.number().int().min(0);
