/**
 * A resumable upload: pieces in order, each confirmed before the next is read. After an answer that got
 * lost the session is asked how far it is, and the upload goes on from there.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads
 */
import type { Upload } from "../kit/object_store.ts";
import type { HttpAnswer } from "../kit/http/message.ts";
import type { Creation, Request } from "../kit/request.ts";
import type { Requests } from "../kit/requests.ts";
import { ApiError, type GcsApi } from "./api.ts";
import { isTaken } from "./errors.ts";

/** For taking back an upload, at most. */
const CLEAN_UP_MS = 10_000;
const CONTENT_TYPE = "application/octet-stream";

interface Settings {
  readonly requests: Requests;
  readonly request: Request;
  readonly pieceBytes: number;
}

/** Where the upload goes on, how its name was found to be taken, or the answer that ends it. */
type Progress = number | Creation | HttpAnswer;

export class ResumableUpload {
  readonly #api: GcsApi;
  readonly #settings: Settings;

  constructor(api: GcsApi, settings: Settings) {
    this.#api = api;
    this.#settings = settings;
  }

  /** @returns the answer that describes the object, or how its name was found to be taken. */
  async send(url: URL, upload: Upload, signal: AbortSignal): Promise<Creation | HttpAnswer> {
    const session = await this.#open(url, upload, signal);
    if (session === null) return "taken";
    let done = false;
    try {
      let progress: Progress = 0;
      while (typeof progress === "number") {
        progress = await this.#advance(session, upload, progress, signal);
      }
      done = typeof progress !== "string";
      return progress;
    } finally {
      if (!done) await this.#cancel(session);
    }
  }

  /** null: the name is taken. */
  async #open(url: URL, { key, md5, range }: Upload, signal: AbortSignal): Promise<URL | null> {
    const { requests, request } = this.#settings;
    return await requests.run({ ...request, needsBucketOnly: true }, signal, async () => {
      try {
        const { headers } = await this.#api.send({
          method: "POST",
          url,
          headers: {
            "content-type": "application/json; charset=UTF-8",
            "x-upload-content-type": CONTENT_TYPE,
            "x-upload-content-length": String(range.length),
          },
          body: [new TextEncoder().encode(JSON.stringify({ name: key, md5Hash: md5 }))],
        });
        return new URL(headers.location);
      } catch (error) {
        if (isTaken(error)) return null;
        throw error;
      }
    });
  }

  async #advance(
    session: URL,
    { range }: Upload,
    start: number,
    signal: AbortSignal,
  ): Promise<Progress> {
    const { requests, request, pieceBytes } = this.#settings;
    return await requests.run(request, signal, async (attempt) => {
      try {
        const from = attempt.number === 1 ? start : await this.#ask(session, range.length);
        if (typeof from !== "number") return from;
        const length = Math.min(pieceBytes, range.length - from);
        return progressOf(
          await this.#api.send({
            method: "PUT",
            url: session,
            headers: { "content-range": `bytes ${from}-${from + length - 1}/${range.length}` },
            body: [{ ...range, start: range.start + from, length }],
          }),
        );
      } catch (error) {
        if (!isTaken(error)) throw error;
        return attempt.number === 1 ? "taken" : "taken_perhaps";
      }
    });
  }

  /** How far the service is: it may have kept all of a piece whose answer got lost, or a part. */
  async #ask(session: URL, total: number): Promise<Progress> {
    const headers = { "content-range": `bytes */${total}` };
    return progressOf(await this.#api.send({ method: "PUT", url: session, headers }));
  }

  async #cancel(session: URL): Promise<void> {
    const { requests, request } = this.#settings;
    const cancel = { ...request, doing: "cancel the upload of" };
    try {
      await requests.run(cancel, AbortSignal.timeout(CLEAN_UP_MS), async () => {
        try {
          await this.#api.send({ method: "DELETE", url: session });
        } catch (error) {
          // The service's answer to a cancelled upload.
          if (!(error instanceof ApiError && error.status === 499)) throw error;
        }
      });
    } catch {
      // The failure that led here is the one to report; a session ends by itself after a week.
    }
  }
}

function progressOf(answer: HttpAnswer): number | HttpAnswer {
  if (answer.status !== 308) return answer;
  const kept = /^bytes=0-(\d+)$/.exec(answer.headers.range ?? "")?.[1];
  return kept === undefined ? 0 : Number(kept) + 1;
}
