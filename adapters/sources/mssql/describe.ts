/** The columns of a result for `kit/describe.ts`. */
import { isRefusal, type ResultColumn } from "../kit/describe.ts";
import { quoteIdentifier } from "./dialect.ts";
import type { Field } from "./fields.ts";
import { planColumn, textCast } from "./types.ts";

export function resultColumn(field: Field): ResultColumn {
  const { name, nativeType, nullable } = field;
  const quoted = quoteIdentifier(name);
  return {
    name,
    quoted,
    nativeType,
    nullable,
    plan(override) {
      const plan = planColumn(field, override);
      if (isRefusal(plan)) return plan;
      const { type, fidelity, expression } = plan;
      return { type, fidelity, expression: expression?.(`_rivet.${quoted}`) ?? null };
    },
    remedy: () => ({ override: { kind: "text" }, cast: textCast(field, quoted) }),
  };
}
