/**
 * A number with commas, as `toLocaleString("en-US")` writes it, which loads the rules of all languages for that: a
 * fifth of what a small run takes.
 */
export function grouped(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15) return value.toLocaleString("en-US");
  const [whole, fraction = ""] = String(Math.abs(value)).split(".");
  // Rounding, and the forms of very small numbers, are the language's own affair.
  if (!/^\d+$/.test(whole) || fraction.length > 3) return value.toLocaleString("en-US");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const thousands = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return sign + thousands + (fraction === "" ? "" : `.${fraction}`);
}
