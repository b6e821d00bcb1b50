/** Values as PostgreSQL's `::text` prints them under `TimeZone=UTC`, `bytea_output=hex`, ISO dates. */
import type { RivetType } from "../../core/types/types.ts";
import type { Value } from "./batches.ts";

const TICKS = { us: 1_000_000n, ns: 1_000_000_000n } as const;

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function decimalText(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`;
  return negative ? `-${text}` : text;
}

/** PostgreSQL's shortest form: an exponent below 1e-4 and from 1e15 (float4: 1e6) on. */
function floatText(value: number, bits: 32 | 64): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  let [digits, power] = Math.abs(value).toExponential().split("e");
  for (let precision = 0; bits === 32 && precision < 9; precision++) {
    const rounded = Math.abs(value).toExponential(precision);
    if (Math.fround(Number(rounded)) !== Math.abs(value)) continue;
    [digits, power] = Number(rounded).toExponential().split("e");
    break;
  }
  const exponent = Number(power);
  const sign = value < 0 ? "-" : "";
  if (exponent < -4 || exponent >= (bits === 64 ? 15 : 6)) {
    const magnitude = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits}e${exponent < 0 ? "-" : "+"}${magnitude}`;
  }
  const plain = digits.replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${plain}`;
  const padded = plain.padEnd(exponent + 1, "0");
  const fraction = padded.slice(exponent + 1);
  return `${sign}${padded.slice(0, exponent + 1)}${fraction === "" ? "" : `.${fraction}`}`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  return value >= 0n ? value / by : -((-value + by - 1n) / by);
}

/** Walks whole 400-year cycles into the range of Date, whose calendar is the same. */
function dateParts(days: bigint): { year: bigint; monthDay: string } {
  const cycle = 146_097n;
  const cycles = floorDivide(days, cycle);
  const date = new Date(Number(days - cycles * cycle) * 86_400_000);
  return {
    year: BigInt(date.getUTCFullYear()) + cycles * 400n,
    monthDay: date.toISOString().slice(5, 10),
  };
}

function dateText(days: bigint, clock = ""): string {
  const { year, monthDay } = dateParts(days);
  const shown = year > 0n ? year : 1n - year;
  return `${String(shown).padStart(4, "0")}-${monthDay}${clock}${year > 0n ? "" : " BC"}`;
}

function clockText(ticks: bigint, unit: "us" | "ns"): string {
  const perSecond = TICKS[unit];
  const seconds = Number(ticks / perSecond);
  const digits = String(ticks % perSecond).padStart(unit === "us" ? 6 : 9, "0").replace(/0+$/, "");
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  return clock.join(":") + (digits === "" ? "" : `.${digits}`);
}

function timestampText(ticks: bigint, unit: "us" | "ns", utc: boolean): string {
  const perDay = TICKS[unit] * 86_400n;
  const days = floorDivide(ticks, perDay);
  return dateText(days, ` ${clockText(ticks - days * perDay, unit)}${utc ? "+00" : ""}`);
}

function arrayElement(type: RivetType, value: Value): string {
  // A bool's cast says `true`, its output in an array `t`.
  if (typeof value === "boolean") return value ? "t" : "f";
  const text = postgresText(type, value);
  if (text === null) return "NULL";
  if (text !== "" && !/[\s{}",\\]/.test(text) && text.toUpperCase() !== "NULL") return text;
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/**
 * One value. Of a float that two texts of the same length stand for, PostgreSQL may print the other one:
 * compare floats as numbers.
 */
export function postgresText(type: RivetType, value: Value): string | null {
  if (value === null) return null;
  switch (type.kind) {
    case "bool":
      return String(value);
    case "int":
      return String(value);
    case "float":
      return floatText(Number(value), type.bits);
    case "decimal":
      return decimalText(BigInt(value as bigint), type.scale);
    case "date":
      return dateText(BigInt(value as number));
    case "time":
      return clockText(BigInt(value as bigint), "us");
    case "timestamp":
      return timestampText(BigInt(value as bigint), type.unit, type.utc);
    case "uuid":
      return hex(value as Uint8Array).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    case "binary":
      return `\\x${hex(value as Uint8Array)}`;
    case "text":
    case "json":
    case "interval":
      return String(value);
    case "list":
      return `{${(value as Value[]).map((item) => arrayElement(type.element, item)).join(",")}}`;
  }
}
