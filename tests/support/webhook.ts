/** A webhook on this machine that records what it gets and answers as told. */

export interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** The answer comes this late. */
  readonly delayMs?: number;
}

export interface WebhookDouble {
  /** With a path that must not show up anywhere. */
  readonly url: string;
  /** The bodies so far, parsed. */
  readonly messages: { readonly text: string }[];
  close(): Promise<void>;
}

/** The path of every double: a secret, as that of a real webhook is. */
export const WEBHOOK_SECRET = "T0DOUBLE/B0DOUBLE/k3y0fth3d0ubl3";

/** @param answers one per request; the last one again for all that follow. */
export function webhookDouble(answers: readonly Answer[] = [{ status: 200 }]): WebhookDouble {
  const messages: { text: string }[] = [];
  const closing = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      messages.push(await request.json());
      const answer = answers[Math.min(messages.length, answers.length) - 1];
      if (answer.delayMs !== undefined) await pause(answer.delayMs, closing.signal);
      return new Response(answer.body ?? "ok", { status: answer.status, headers: answer.headers });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/services/${WEBHOOK_SECRET}`,
    messages,
    async close() {
      closing.abort();
      await server.shutdown();
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
