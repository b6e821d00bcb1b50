/** What nothing may be read from: it was the kernel's to decode. */
export function untouchable<T extends object>(): T {
  return new Proxy({} as T, {
    get() {
      throw new Error("not decoded by the kernel");
    },
  });
}
