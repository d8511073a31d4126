/** One send and what belongs to it: its campaign's other sends, and what can be done with it. */
import { keepPreviousData, useMutation, useQuery } from "@tanstack/preact-query";
import { isActive, isUnderWay } from "../send_state";
import { texts } from "../texts";
import { api, read, type Schemas } from "./client";
import { ApiError } from "./errors";
import { useIdempotencyKey } from "./idempotency";
import { POLL_MILLISECONDS, SLOW_POLL_MILLISECONDS, queryClient } from "./queries";

export type Verb = "pause" | "resume" | "cancel";
export type MessageStatus = Schemas["Message"]["status"];
export const DETAIL_PAGE_SIZE = 20;
// The sends of one campaign that are looked at to find those that repeat another.
const MOST_SIBLINGS = 100;

/** Reads a send: often while messages are on their way, seldom while receipts may still come. */
export function useSend(id: string) {
  return useQuery({
    queryKey: ["send", id],
    queryFn: () => read(api.GET("/outreach/campaignRecords/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (!state.data ? false : isUnderWay(state.data) ? POLL_MILLISECONDS : state.data.counts.sent > 0 && SLOW_POLL_MILLISECONDS),
  });
}

export function useTimeline(id: string, isUnderWay: boolean) {
  return useQuery({
    queryKey: ["timeline", id, isUnderWay],
    queryFn: () => read(api.GET("/outreach/campaignRecords/{id}/timeline", { params: { path: { id } } })),
    placeholderData: keepPreviousData,
    refetchInterval: isUnderWay && SLOW_POLL_MILLISECONDS,
  });
}

/** Reads the newest sends of a campaign, newest first. */
export function useSiblings(campaignId: string | undefined) {
  return useQuery({
    queryKey: ["siblings", campaignId],
    queryFn: () => readSiblings(campaignId!),
    enabled: campaignId !== undefined,
    refetchInterval: SLOW_POLL_MILLISECONDS,
  });
}

/** Reads messages of a send, also when it is over: the list lags behind the last of them, and receipts still come. */
export function useMessages(campaignRecordId: string, status: MessageStatus | undefined, pageIndex: number, isUnderWay: boolean) {
  const query = { campaignRecordId, pageIndex, pageSize: DETAIL_PAGE_SIZE, ...(status && { status }) };
  return useQuery({
    queryKey: ["messages", query, isUnderWay],
    queryFn: () => read(api.GET("/outreach/messages", { params: { query } })) as Promise<Schemas["MessageList"]>,
    placeholderData: keepPreviousData,
    refetchInterval: isUnderWay ? POLL_MILLISECONDS * 3 : SLOW_POLL_MILLISECONDS,
  });
}

export function useSkipped(id: string, pageIndex: number, count: number) {
  return useQuery({
    queryKey: ["skipped", id, pageIndex, count],
    queryFn: () => read(api.GET("/outreach/campaignRecords/{id}/skipped", { params: { path: { id }, query: { pageIndex, pageSize: DETAIL_PAGE_SIZE } } })),
    placeholderData: keepPreviousData,
  });
}

/**
 * Pauses, resumes or cancels a send.
 *
 * The API acts on the newest send of the campaign that is not over, so another one is looked for first.
 */
export function useAction(record: Schemas["Record"], onDone: (record: Schemas["Record"]) => void) {
  return useMutation({
    mutationFn: async (verb: Verb) => {
      if (newestActive(await readSiblings(record.campaign.id))?.id !== record.id) throw new ApiError(409, "invalid_state", texts.send.notNewest);
      return act(record.campaign.id, verb);
    },
    onSuccess: async (changed) => {
      queryClient.setQueryData(["send", changed.id], changed);
      onDone(changed);
      await queryClient.invalidateQueries({ queryKey: ["siblings", record.campaign.id] });
    },
  });
}

/** Sends the campaign again, to those contacts of a send whose message failed. */
export function useSendAgain(record: Schemas["Record"], onDone: (record: Schemas["Record"]) => void) {
  const key = useIdempotencyKey();
  const params = { path: { id: record.campaign.id } };
  const body = { failedOf: record.id };
  return useMutation({
    mutationFn: () => read(api.POST("/outreach/campaigns/{id}:send", { params, headers: key.headers(body), body })),
    onSuccess: (started) => {
      key.renew();
      onDone(started);
    },
  });
}

/** Reads the results of a send as CSV, also when they take a while. */
export function readResults(id: string): Promise<Blob> {
  return read(api.POST("/outreach/campaignRecords/{id}:export", { params: { path: { id } }, parseAs: "blob" })) as Promise<Blob>;
}

/** The send that an action on the campaign would meet. */
export function newestActive(newestFirst: Schemas["Record"][]): Schemas["Record"] | undefined {
  return newestFirst.find(isActive);
}

async function readSiblings(campaignId: string): Promise<Schemas["Record"][]> {
  const query = { campaignId, pageSize: MOST_SIBLINGS };
  const list = (await read(api.GET("/outreach/campaignRecords", { params: { query } }))) as Schemas["RecordList"];
  return list.records;
}

function act(id: string, verb: Verb): Promise<Schemas["Record"]> {
  const options = { params: { path: { id } } };
  if (verb === "pause") return read(api.POST("/outreach/campaigns/{id}:pause", options));
  if (verb === "resume") return read(api.POST("/outreach/campaigns/{id}:resume", options));
  return read(api.POST("/outreach/campaigns/{id}:cancel", options));
}
