/** Preloaded before the tool: its clock is off by RIVET_TEST_CLOCK_OFFSET_MS. */
const offsetMs = Number(Deno.env.get("RIVET_TEST_CLOCK_OFFSET_MS") ?? 0);
const now = Date.now;

if (offsetMs !== 0) {
  globalThis.Date = new Proxy(Date, {
    construct: (target, args) =>
      Reflect.construct(target, args.length === 0 ? [now() + offsetMs] : args),
    get: (target, key) => key === "now" ? () => now() + offsetMs : Reflect.get(target, key),
  });
}
