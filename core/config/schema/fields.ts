/** Keys with what is said of them: in the JSON Schema, in the reference, in an editor. */
import * as v from "valibot";

type Described<S extends v.GenericSchema> = v.SchemaWithPipe<
  readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]
>;

/** A key that has to be written. */
export function described<const S extends v.GenericSchema>(
  schema: S,
  description: string,
): Described<S> {
  return v.pipe(schema, v.description(description));
}

/** A key that may be absent. */
export function optional<const S extends v.GenericSchema>(
  schema: S,
  description: string,
): v.OptionalSchema<Described<S>, undefined> {
  return v.optional(described(schema, description));
}

/** A key that has a value where it is not written. */
export function defaulted<const S extends v.GenericSchema, const D extends v.InferInput<S>>(
  schema: S,
  value: D,
  description: string,
): v.OptionalSchema<Described<S>, D> {
  return v.optional(described(schema, description), value);
}
