/** What shapes are made with. */
import {
  AnyShape,
  ChoiceShape,
  type Infer,
  LiteralShape,
  type Shape,
  UnionShape,
} from "./shape.ts";
import { FlagShape, InstantShape, NullShape, NumberShape, TextShape } from "./shape_scalars.ts";
import {
  type AnyShapes,
  ListShape,
  ObjectShape,
  PairShape,
  RecordShape,
  VariantShape,
} from "./shape_blocks.ts";

/** One function for each kind; `optional`, `default` and the like are methods of what they give. */
export const s = {
  string: (): TextShape => new TextShape(),
  /** A finite one. */
  number: (): NumberShape => new NumberShape(),
  boolean: (): FlagShape => new FlagShape(),
  null: (): NullShape => new NullShape(),
  /** ISO 8601, in UTC. */
  instant: (): InstantShape => new InstantShape(),
  /** What nobody looks at here. */
  any: <T>(): AnyShape<T> => new AnyShape<T>(),
  enum: <const V extends string>(values: readonly V[]): ChoiceShape<V> => new ChoiceShape(values),
  literal: <const V extends string | number>(value: V): LiteralShape<V> => new LiteralShape(value),
  array: <T>(element: Shape<T>): ListShape<T> => new ListShape(element),
  pair: <A, B>(first: Shape<A>, second: Shape<B>): PairShape<A, B> => new PairShape(first, second),
  record: <T>(value: Shape<T>): RecordShape<T> => new RecordShape(value),
  // deno-lint-ignore no-explicit-any
  union: <O extends readonly Shape<any>[]>(options: O): UnionShape<Infer<O[number]>> =>
    new UnionShape(options),
  /** Other keys are left out. */
  object: <F extends AnyShapes>(shape: F): ObjectShape<F> => new ObjectShape(shape, "dropped"),
  /** Other keys are faults. */
  strictObject: <F extends AnyShapes>(shape: F): ObjectShape<F> =>
    new ObjectShape(shape, "refused"),
  /** Other keys stay. */
  looseObject: <F extends AnyShapes>(shape: F): ObjectShape<F> => new ObjectShape(shape, "kept"),
  // deno-lint-ignore no-explicit-any
  variants: <O extends ObjectShape<any>>(key: string, options: readonly O[]): VariantShape<O> =>
    new VariantShape(key, options),
};
