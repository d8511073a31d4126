/** The list of replies, and what this browser knows about which of them were seen. */
import { keepPreviousData, useQuery } from "@tanstack/preact-query";
import { api, read, type Schemas } from "./client";

export interface ReplyFilter {
  contactId?: string;
  campaignRecordId?: string;
  keywords?: string;
}

export const REPLY_PAGE_SIZE = 20;
const POLL_MILLISECONDS = 4_000;
// After every reply, whatever the clocks say; an open range is not possible.
const NEVER = "9999-12-01";

/** Reads a page of replies, newest first. The first page follows what arrives; a search is too much work to repeat. */
export function useReplies(filter: ReplyFilter, pageIndex: number) {
  const query = { ...filter, pageIndex, pageSize: REPLY_PAGE_SIZE };
  return useQuery({
    queryKey: ["replies", query],
    queryFn: () => readReplies(query),
    placeholderData: keepPreviousData,
    // Whoever opens the page sees the newest replies, and not for a moment those of their last visit.
    gcTime: 0,
    refetchInterval: pageIndex === 1 && !filter.keywords && POLL_MILLISECONDS,
  });
}

/** Counts the replies after `time`; all of them without a time. Waits until the site is known. */
export function useReplyCount(siteId: string | undefined, time: string | null) {
  return useQuery({
    enabled: siteId !== undefined,
    queryKey: ["replyCount", time],
    queryFn: async () => (await readReplies({ pageSize: 1, ...(time && { receivedTime: `${justAfter(time)}..${NEVER}` }) })).total,
    refetchInterval: POLL_MILLISECONDS * 4,
  });
}

/** The time of the newest reply that was in the list when this browser last showed it. It differs by site. */
export function seenTime(siteId: string): string | null {
  return localStorage.getItem(storageName(siteId));
}

/** Remembers the newest reply that is shown. The time is the server's, so the clock of this computer does not matter. */
export function markSeen(siteId: string, newest: string): void {
  if (newest > (seenTime(siteId) ?? "")) localStorage.setItem(storageName(siteId), newest);
}

function storageName(siteId: string): string {
  return `outreach.repliesSeen.${siteId}`;
}

function justAfter(time: string): string {
  return new Date(Date.parse(time) + 1).toISOString();
}

function readReplies(query: ReplyFilter & { receivedTime?: string; pageIndex?: number; pageSize: number }): Promise<Schemas["ReplyList"]> {
  return read(api.GET("/outreach/replies", { params: { query } })) as Promise<Schemas["ReplyList"]>;
}
