/** A statement as it is sent. */

/** ER_NET_PACKET_TOO_LARGE */
const PACKET_TOO_LARGE = 1153;
const utf8 = new TextEncoder();

/** With who asks as a comment: MariaDB's process list shows nothing else of it. */
export function labelled(sql: string, applicationName: string): string {
  return `/* ${applicationName.replaceAll("*/", "* /")} */ ${sql}`;
}

/** The error that the server would have for a statement that it cannot take; null for any other. */
export function tooLong(sql: string, maxPacketBytes: number): Error | null {
  // Three bytes a UTF-16 unit at most; the packet has a byte for its command.
  if (sql.length * 3 < maxPacketBytes) return null;
  const bytes = utf8.encode(sql).length + 1;
  if (bytes <= maxPacketBytes) return null;
  const message = `a statement of ${bytes} bytes is above the limit of ${maxPacketBytes}`;
  return Object.assign(new Error(message), { errno: PACKET_TOO_LARGE });
}
