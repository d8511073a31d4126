/** What the state of a send means in plain words, and what to do about it (docs/api.md, "Campaigns"). */
import type { Schemas } from "./api/client";
import { formatNumber } from "./format";
import { texts } from "./texts";

export interface Words {
  what: string;
  todo: string;
}

/** Why a send is paused. Null while it is not. */
export function pauseWords({ status, statusReason, campaign }: Schemas["Record"]): Words | null {
  if (status !== "paused") return null;
  const [code, detail = ""] = splitCode(statusReason ?? "");
  if (code === "cap_reached") return campaign.maxSegments === null ? texts.pause.quota : texts.pause.budget(formatNumber(campaign.maxSegments));
  if (code === "account_down") return texts.pause.accountDown;
  if (code === "missing_field") return texts.pause.missingField(detail);
  if (code === "no_progress") return texts.pause.noProgress(detail);
  return code ? texts.pause.unknown(statusReason ?? "") : texts.pause.byHand;
}

/** When a campaign will start by itself; null if it will not. `scheduledStartTime` stays after the start. */
export function scheduledTime({ scheduledStartTime }: Schemas["Campaign"]): string | null {
  return scheduledStartTime && new Date(scheduledStartTime) > new Date() ? scheduledStartTime : null;
}

/** Why a scheduled start was given up. */
export function scheduleWords(reason: string): string {
  return splitCode(reason)[1] ?? reason;
}

function splitCode(reason: string): [string, string?] {
  const at = reason.indexOf(": ");
  return at < 0 ? [reason] : [reason.slice(0, at), reason.slice(at + 2)];
}

/** Whether a send may still hand over messages. */
export function isActive({ status }: Schemas["Record"]): boolean {
  return status === "pending" || status === "running" || status === "paused";
}

/** Whether messages of a send are on their way to the carrier. After a cancellation, they are for a while. */
export function isUnderWay(record: Schemas["Record"]): boolean {
  return isActive(record) || record.counts.queued + record.counts.sending > 0;
}

/** How many contacts of a send are past the carrier or skipped, so nothing more is done about them. */
export function doneCount({ audience, queued, sending }: Schemas["Counts"]): number {
  return (audience ?? 0) - queued - sending;
}

/** How many messages the carrier has accepted. */
export function acceptedCount({ sent, delivered, undelivered }: Schemas["Counts"]): number {
  return sent + delivered + undelivered;
}

/** How many messages did not arrive and will not. */
export function failedCount({ undelivered, failed }: Schemas["Counts"]): number {
  return undelivered + failed;
}

/** The share of failed messages among those that have left the queue; 0 before there are any. */
export function failureShare(counts: Schemas["Counts"]): number {
  const left = acceptedCount(counts) + counts.failed;
  return left === 0 ? 0 : failedCount(counts) / left;
}
