/** How long a server that was told to stop is still listened to. */

/** What is listened for. */
export interface GraceOptions {
  /** A server that sends nothing for so long is given up. */
  readonly silenceMs: number;
  /** Bytes that have come so far; what does not grow is given up at the first look. */
  readonly received: () => number;
  /** Called once. */
  readonly give: () => void;
}

/** One that sends on as if nobody had told it is given up after so many silences' time. */
export const MAX_SILENCES = 6;

/**
 * What was under way when a statement was cancelled lies in buffers on both sides, and behind a slow line, or on
 * a busy machine, takes its time: as long as it comes, the connection is of use to whoever goes on with it.
 */
export class Grace {
  #timer: ReturnType<typeof setTimeout> | undefined;

  begin({ silenceMs, received, give }: GraceOptions): void {
    this.end();
    let seen = received();
    let looks = 0;
    const look = () => {
      const now = received();
      if (now <= seen || ++looks === MAX_SILENCES) return give();
      seen = now;
      this.#timer = setTimeout(look, silenceMs);
    };
    this.#timer = setTimeout(look, silenceMs);
  }

  /** It has stopped, or nobody waits for it. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
