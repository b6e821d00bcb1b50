/** Values as exact text, by the type's name: without loss, and such that a literal reads them back. */
import { baseName } from "./fields.ts";

const style = (style: number) => (value: string): string =>
  `CONVERT(nvarchar(max), ${value}, ${style})`;
const castText = (value: string): string => `CAST(${value} AS nvarchar(max))`;

const TEXT_FORMS: Readonly<Record<string, (value: string) => string>> = {
  // 17 digits, of which each value has its own.
  float: style(3),
  real: style(3),
  // Four decimals.
  money: style(2),
  smallmoney: style(2),
  date: style(121),
  time: style(121),
  smalldatetime: style(121),
  datetime: style(121),
  datetime2: style(121),
  datetimeoffset: style(121),
  binary: style(2),
  varbinary: style(2),
  rowversion: (value) => style(2)(`CAST(${value} AS varbinary(8))`),
  image: (value) => style(2)(`CAST(${value} AS varbinary(max))`),
  // A variant holds 8,000 bytes at most and does not convert to a (max) type.
  sql_variant: (value) => `CAST(${value} AS nvarchar(4000))`,
};

/** The server's own text of a value; null where the type has no form but its own CAST. */
export function textForm(nativeType: string): ((value: string) => string) | null {
  return TEXT_FORMS[baseName(nativeType)] ?? null;
}

/** `Dialect.castText`: an instant is in UTC; without a type dates and numbers are as exact as can be. */
export function textOf(expression: string, nativeType: string | undefined): string {
  if (nativeType === undefined || nativeType === "") return style(121)(expression);
  if (baseName(nativeType) === "datetimeoffset") {
    return style(121)(`SWITCHOFFSET(${expression}, 0)`);
  }
  return (textForm(nativeType) ?? castText)(expression);
}
