import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, read, type Schemas } from "../api/client";
import { useIdempotencyKey } from "../api/idempotency";
import { SLOW_POLL_MILLISECONDS, useCan, useChannelAccounts } from "../api/queries";
import { formatTime } from "../format";
import { navigate, pageOf, useParameters } from "../parts/address";
import { announce } from "../parts/announcer";
import { Confirm } from "../parts/confirm";
import { Isolated } from "../parts/isolated";
import { Together } from "../parts/loading";
import { Page } from "../parts/page";
import { Pager } from "../parts/pager";
import { Problem } from "../parts/problem";
import { QueryResult } from "../parts/query_result";
import { senderName } from "../parts/sender_name";
import { StatusMark } from "../parts/status_mark";
import { scheduledTime } from "../send_state";
import { texts } from "../texts";
import { copyOf } from "./campaign/draft";

type Campaign = Schemas["Campaign"];
const words = texts.campaigns;
const PAGE_SIZE = 10;

/** The campaigns of the site, the newest first. */
export function CampaignsPage() {
  const [parameters, show] = useParameters();
  const page = pageOf(parameters.page);
  const campaigns = useCampaigns(page);
  const canWrite = useCan()("outreach:write");
  const create = <button type="button" onClick={() => navigate("/campaigns/new")}>{words.create}</button>;
  return (
    <Page title={words.title} actions={canWrite && create}>
      <Together queries={[useChannelAccounts()]}>
        <QueryResult query={campaigns}>
          {(list) => (
            <>
              {list.total === 0 ? <p>{words.empty}</p> : <CampaignList campaigns={list.campaigns} />}
              <Pager page={page} size={PAGE_SIZE} total={list.total} onPage={show} />
            </>
          )}
        </QueryResult>
      </Together>
    </Page>
  );
}

function useCampaigns(page: number) {
  return useQuery({
    queryKey: ["campaigns", page],
    queryFn: () => read(api.GET("/outreach/campaigns", { params: { query: { pageIndex: page, pageSize: PAGE_SIZE, sortBy: "createTime", sortOrder: "desc" } } })),
    placeholderData: keepPreviousData,
    refetchInterval: SLOW_POLL_MILLISECONDS,
  });
}

function CampaignList({ campaigns }: { campaigns: Campaign[] }) {
  const [deleting, setDeleting] = useState<Campaign>();
  // A list may lag a moment behind.
  const [deleted, setDeleted] = useState<string[]>([]);
  const duplicate = useDuplicate();
  return (
    <>
      <Problem error={duplicate.error} />
      <ul class="campaign-list" aria-label={words.title}>
        {campaigns.filter(({ id }) => !deleted.includes(id)).map((campaign) => (
          <CampaignItem
            key={campaign.id}
            campaign={campaign}
            onDelete={() => setDeleting(campaign)}
            onDuplicate={() => !duplicate.isPending && duplicate.mutate(campaign)}
          />
        ))}
      </ul>
      {deleting && (
        <DeleteQuestion campaign={deleting} onDeleted={() => setDeleted([...deleted, deleting.id])} onClose={() => setDeleting(undefined)} />
      )}
    </>
  );
}

function CampaignItem({ campaign, onDelete, onDuplicate }: { campaign: Campaign; onDelete: () => void; onDuplicate: () => void }) {
  const account = useChannelAccounts().data?.channelAccounts.find((candidate) => candidate.id === campaign.channelAccountId);
  const canWrite = useCan()("outreach:write");
  return (
    <li>
      <div>
        <Link href={`/campaigns/${campaign.id}`}><strong><Isolated text={campaign.name} /></strong></Link>
        <br />
        <small>{words.from(senderName(account))} · {scheduleText(campaign)}</small>
        <br />
        {/* A line of its own, because it comes later than the rest. */}
        <small><LastSend campaignId={campaign.id} /></small>
      </div>
      {canWrite && (
        <div class="actions">
          <button type="button" class="secondary outline" aria-label={words.duplicateOf(campaign.name)} onClick={onDuplicate}>{words.duplicate}</button>
          <button type="button" class="secondary outline" aria-label={words.deleteOf(campaign.name)} onClick={onDelete}>{words.delete}</button>
        </div>
      )}
    </li>
  );
}

function scheduleText(campaign: Campaign): string {
  if (campaign.scheduleStatusReason) return words.stopped;
  const time = scheduledTime(campaign);
  return time ? words.scheduled(formatTime(time)) : words.notScheduled;
}

/** The state of a campaign's newest send. The list of campaigns does not have it. */
function LastSend({ campaignId }: { campaignId: string }) {
  const records = useQuery({
    queryKey: ["lastSend", campaignId],
    queryFn: () =>
      read(
        api.GET("/outreach/campaigns/{id}/records", {
          params: { path: { id: campaignId }, query: { pageSize: 1, sortBy: "sentTime", sortOrder: "desc" } },
        }),
      ),
    refetchInterval: SLOW_POLL_MILLISECONDS,
  });
  const record = records.data?.records[0];
  if (!records.data) return <span aria-busy={records.isPending}>{records.error ? "–" : texts.common.loading}</span>;
  if (!record) return <>{words.notSent}</>;
  return <>{words.lastSend} <Link href={`/sends/${record.id}`}>{formatTime(record.sentTime)}</Link> <StatusMark status={record.status} /></>;
}

/** Copies a campaign and opens the copy. */
function useDuplicate() {
  const key = useIdempotencyKey();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (campaign: Campaign) => {
      const body = copyOf(campaign, words.copyName(campaign.name));
      return read(api.POST("/outreach/campaigns", { headers: key.headers(body), body }));
    },
    onSuccess: (copy) => {
      key.renew();
      void queries.invalidateQueries({ queryKey: ["campaigns"] });
      announce(words.copied(copy.name));
      navigate(`/campaigns/${copy.id}`);
    },
  });
}

function DeleteQuestion({ campaign, onDeleted, onClose }: { campaign: Campaign; onDeleted: () => void; onClose: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => read(api.DELETE("/outreach/campaigns/{id}", { params: { path: { id: campaign.id } } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["campaigns"] });
      announce(words.deleted(campaign.name));
      onDeleted();
      onClose();
    },
  });
  return (
    <Confirm title={words.deleteTitle(campaign.name)} action={words.delete} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>
      <p>{words.deleteText}</p>
    </Confirm>
  );
}
