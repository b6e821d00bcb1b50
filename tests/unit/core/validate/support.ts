/** Validation of one export against a destination that lives as long as its test. */
import { loadFormat } from "../../../../adapters/formats/mod.ts";
import { loadTableFormat } from "../../../../adapters/tables/mod.ts";
import { validateExports, type ValidateOptions } from "../../../../core/validate/validate.ts";
import type { ExportValidation } from "../../../../core/validate/validation_report.ts";
import type { OpenDestination } from "../../../support/destinations.ts";
import { exportOf, stateOf } from "../manifest/support.ts";

const { signal } = new AbortController();

/** What is asked where nothing is said. */
export const ANYWHERE: Omit<ValidateOptions, "exports"> = {
  ...{ date: null, runId: null, prefix: null, format: null, deep: false, signal },
};

/** What `validate` is told. */
export interface Asked extends Partial<ValidateOptions> {
  readonly state?: ReturnType<typeof stateOf>;
}

export async function validate(
  destination: OpenDestination,
  { state, ...options }: Asked = {},
): Promise<ExportValidation> {
  const { close } = destination;
  // The destination is opened for every export in real life.
  destination.close = () => Promise.resolve();
  const report = await validateExports(
    {
      state: () => Promise.resolve(state ?? stateOf()),
      destination: () => Promise.resolve(destination),
      format: loadFormat,
      table: loadTableFormat,
    },
    { ...ANYWHERE, exports: [exportOf("orders")], ...options },
  );
  destination.close = close;
  return report.exports[0];
}
