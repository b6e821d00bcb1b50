/** The scalar shapes that the configuration's blocks share. */
import { z } from "zod";

/** Text that must not be empty. */
export const text: z.ZodString = z.string().min(1);
/** A whole number from 1. */
export const positive: z.ZodNumber = z.number().int().positive();
/** A whole number from 0. */
export const nonNegative: z.ZodNumber = z.number().int().min(0);
