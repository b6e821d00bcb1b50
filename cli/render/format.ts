/** Numbers as people read them. Sizes are powers of 1024. */

const SIZE_UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

/** `812 B`, `12.4 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would round up to "1024.0" of the smaller unit.
  while (value >= 1023.95 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${SIZE_UNITS[unit]}`;
}

const COUNT_UNITS = ["", "K", "M", "B", "T"];

/** `950`, `9.2K`, `1.1M`. */
export function formatCount(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.95 && unit < COUNT_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? String(Math.round(count)) : `${value.toFixed(1)}${COUNT_UNITS[unit]}`;
}

/** `3.2s`, `2m 06s`, `1h 02m`. */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad2(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h ${pad2(minutes % 60)}m`;
}

/** Time left, in whole seconds up to 99: `66s`, then `2m 06s`, `1h 02m`. */
export function formatEta(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 100 ? `${seconds}s` : formatDuration(seconds * 1000);
}

/** `00:02:06`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return [Math.floor(minutes / 60), minutes % 60, seconds % 60].map(pad2).join(":");
}

/** An ISO 8601 instant to the second: `2026-03-29T12:52:00+00:00`. */
export function formatInstant(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, 19)}+00:00`;
}

/** An ISO 8601 instant for reading: `2026-04-18 12:20:15 UTC`. */
export function formatUtc(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime())
    ? iso
    : `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function pad2(n: number): string {
  return String(n).padStart(2, "0");
}
