/** Stretches of time that many runs are counted by. */

export type SlotUnit = "minute" | "hour" | "day" | "month" | "year";

/** Characters of an ISO 8601 instant that tell a slot, and its length about. */
const UNITS: readonly {
  readonly unit: SlotUnit;
  readonly digits: number;
  readonly ms: number;
}[] = [
  { unit: "minute", digits: 16, ms: 60_000 },
  { unit: "hour", digits: 13, ms: 3_600_000 },
  { unit: "day", digits: 10, ms: 86_400_000 },
  { unit: "month", digits: 7, ms: 28 * 86_400_000 },
  { unit: "year", digits: 4, ms: 365 * 86_400_000 },
];

/** The shortest of which `most` span all runs. */
export function chooseSlots(
  { firstAt, lastAt }: { readonly firstAt: string | null; readonly lastAt: string | null },
  most: number,
): { readonly unit: SlotUnit; readonly digits: number } {
  const spanMs = firstAt === null || lastAt === null ? 0 : Date.parse(lastAt) - Date.parse(firstAt);
  // Both ends lie within a slot.
  return UNITS.find(({ ms }) => spanMs / ms + 2 <= most) ?? UNITS[UNITS.length - 1];
}

/** When a slot begins and ends; `at` as `HistorySlot` has it. */
export function slotBounds(at: string, unit: SlotUnit): { readonly from: Date; readonly to: Date } {
  const [year, month = 1, day = 1, hour = 0, minute = 0] = at.split(/\D/).map(Number);
  const fields = { year, month: month - 1, day, hour, minute };
  const at_ = (f: typeof fields) => new Date(Date.UTC(f.year, f.month, f.day, f.hour, f.minute));
  return { from: at_(fields), to: at_({ ...fields, [unit]: fields[unit] + 1 }) };
}
