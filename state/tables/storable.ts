/** Text for people that may hold anything, such as a driver's message; PostgreSQL stores no NUL character. */
export function storable(message: string): string {
  return message.replaceAll("\0", "\uFFFD");
}
