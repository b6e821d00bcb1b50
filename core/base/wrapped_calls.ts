/** A port whose calls all pass through one function, for decorators that treat every method alike. */

type Method = (...args: unknown[]) => unknown;

/** Makes the call, or does more: `call` may be called once. What it returns is what the caller gets. */
export type Around = (
  method: string,
  args: readonly unknown[],
  call: () => unknown,
) => unknown;

/** The same port, its methods through `around`; what is no method is as it was. */
export function wrapCalls<T extends object>(target: T, around: Around): T {
  const wrapped = new Map<PropertyKey, Method>();
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const known = wrapped.get(name);
      if (known !== undefined) return known;
      const method: Method = value.bind(target);
      const through: Method = (...args) => around(String(name), args, () => method(...args));
      wrapped.set(name, through);
      return through;
    },
  });
}
