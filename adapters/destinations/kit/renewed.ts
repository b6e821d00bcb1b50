/** Access that expires, asked for again in time. */
import type { GrantedAccess, Grants } from "../../../core/ports/granted_access.ts";

/** Before its end, so that a request that begins with it can be sent. */
const MARGIN_MS = 60_000;

/** Of one kind of destination. */
export class Renewed<K extends keyof GrantedAccess> {
  readonly #ask: () => Promise<NonNullable<GrantedAccess[K]> | null>;
  #current: NonNullable<GrantedAccess[K]>;
  #asking: Promise<NonNullable<GrantedAccess[K]>> | null = null;

  private constructor(
    first: NonNullable<GrantedAccess[K]>,
    ask: () => Promise<NonNullable<GrantedAccess[K]> | null>,
  ) {
    this.#current = first;
    this.#ask = ask;
  }

  /** null: nobody hands out access of the kind. */
  static async ask<K extends keyof GrantedAccess>(
    kind: K,
    grants: Grants | null,
    uri: string,
  ): Promise<Renewed<K> | null> {
    if (grants === null) return null;
    const ask = async () => (await grants(uri))?.[kind] ?? null;
    const first = await ask();
    return first === null ? null : new Renewed<K>(first, ask);
  }

  /** As it was first handed out. */
  get first(): NonNullable<GrantedAccess[K]> {
    return this.#current;
  }

  /** Never one that has expired, while another is handed out. */
  async current(): Promise<NonNullable<GrantedAccess[K]>> {
    if (leftMs(this.#current.expiresAt) > MARGIN_MS) return this.#current;
    try {
      return await (this.#asking ??= this.#renew());
    } catch (error) {
      if (leftMs(this.#current.expiresAt) > 0) return this.#current;
      throw error;
    } finally {
      this.#asking = null;
    }
  }

  async #renew(): Promise<NonNullable<GrantedAccess[K]>> {
    const next = await this.#ask();
    if (next !== null) this.#current = next;
    return this.#current;
  }
}

function leftMs(expiresAt: Date | null): number {
  return expiresAt === null ? Infinity : expiresAt.getTime() - Date.now();
}
