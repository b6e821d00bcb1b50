/** The simplest notifier: texts in a list. */
import { RivetError } from "../../core/base/errors.ts";
import { redact } from "../../core/base/redact.ts";
import { untilAborted } from "../../core/base/wait.ts";
import type { Notifier, NotifyEvent, NotifyKind } from "../../core/ports/notifier.ts";
import type { Reaction } from "../conformance/notifier.ts";

const ATTEMPTS = 3;

export class MemoryNotifier implements Notifier {
  readonly on: ReadonlySet<NotifyKind>;
  readonly messages: string[] = [];
  readonly #reactions: readonly Reaction[];

  constructor(on: readonly NotifyKind[], reactions: readonly Reaction[] = ["take"]) {
    this.on = new Set(on);
    this.#reactions = reactions;
  }

  async notify(event: NotifyEvent, signal: AbortSignal): Promise<void> {
    for (let attempt = 1;; attempt++) {
      const at = Math.min(this.messages.length, this.#reactions.length - 1);
      this.messages.push(redact(JSON.stringify(event)));
      const reaction = this.#reactions[at];
      if (reaction === "take") return;
      if (reaction === "silent") await untilAborted(new Promise(() => {}), signal);
      if (reaction === "refuse" || attempt === ATTEMPTS) {
        throw new RivetError("NOTIFICATION_FAILED", reaction);
      }
    }
  }
}
