/** The text of a message, in Slack's mrkdwn. */
import { grouped } from "../../core/base/grouped.ts";
import { printable } from "../../core/base/printable.ts";
import { excerpt } from "../../core/base/redact.ts";
import type { NotifyEvent, NotifyKind } from "../../core/ports/notifier.ts";

export interface SlackMessage {
  readonly text: string;
  readonly unfurl_links: false;
}

const HEADLINES: Record<NotifyKind, string> = {
  failure: "failed",
  schema_change: "schema changed",
  degraded: "degraded",
};

/** A server's message may quote a whole statement; Slack cuts texts at 40,000 characters. */
const ERROR_SHOWN = 1_500;
const REASONS_SHOWN = 20;

export function slackMessage(event: NotifyEvent): SlackMessage {
  const { kinds, exportName, error, reasons } = event;
  const headline = kinds.map((kind) => HEADLINES[kind]).join(", ");
  const lines = [`*${escape(exportName)}*: ${headline}`, escape(facts(event))];
  if (error !== null) {
    lines.push(`*${error.code}* ${escape(clip(error.message))}`);
    if (error.hint !== null) lines.push(`_To do:_ ${escape(clip(error.hint))}`);
  }
  lines.push(...reasons.slice(0, REASONS_SHOWN).map((reason) => `• ${escape(clip(reason))}`));
  const more = reasons.length - REASONS_SHOWN;
  if (more > 0) lines.push(`• and ${more} more`);
  return { text: lines.join("\n"), unfurl_links: false };
}

function facts({ runId, rows, files, durationMs }: NotifyEvent): string {
  const count = (n: number, unit: string) => `${grouped(n)} ${unit}${n === 1 ? "" : "s"}`;
  const seconds = (durationMs / 1000).toFixed(1);
  return `run ${runId}, ${count(rows, "row")}, ${count(files, "file")}, ${seconds} s`;
}

/** The three characters that mrkdwn gives a meaning: without them no text can mention a channel. */
function escape(text: string): string {
  return printable(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function clip(text: string): string {
  return excerpt(text, ERROR_SHOWN, " ...");
}
