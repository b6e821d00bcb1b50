/**
 * `zod` as everything here imports it: schemas are read by what they are. Compiling each into a function first,
 * as it does otherwise, pays for many values of one form; a configuration and a manifest are read once.
 */
import { z } from "zod";

z.config({ jitless: true });

export { z };
