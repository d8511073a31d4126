import { useEffect, useRef } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Schemas } from "../api/client";
import { useChannelAccounts } from "../api/queries";
import { useSend, useSiblings, useTimeline } from "../api/sends";
import { formatNumber, formatPercent, formatTime } from "../format";
import { own } from "../own";
import { announce } from "../parts/announcer";
import { Together } from "../parts/loading";
import { Page } from "../parts/page";
import { Progress } from "../parts/progress";
import { QueryResult } from "../parts/query_result";
import { doneCount, failedCount, isActive, isUnderWay, pauseWords } from "../send_state";
import { StatusMark } from "../parts/status_mark";
import { texts } from "../texts";
import { Failures } from "./send/failures";
import { Funnel } from "./send/funnel";
import { Messages } from "./send/messages";
import { Pace } from "./send/pace";
import { SendActions } from "./send/send_actions";
import { Skipped } from "./send/skipped";
import { TimelineChart } from "./send/timeline_chart";

// Progress is announced in such shares of the audience.
const ANNOUNCED_SHARE = 0.1;

/** One send: where each contact of it is, and what can be done about it. */
export function SendPage({ id }: { id: string }) {
  const send = useSend(id);
  return (
    <Page title={send.data?.campaign.name ?? texts.send.title}>
      <QueryResult query={send}>{(record) => <Send record={record} />}</QueryResult>
    </Page>
  );
}

function Send({ record }: { record: Schemas["Record"] }) {
  useProgressAnnouncements(record);
  const { id, counts } = record;
  const shown = [useSiblings(record.campaign.id), useTimeline(record.id, isUnderWay(record)), useChannelAccounts()];
  return (
    <Together queries={shown}>
      <StatusLine record={record} />
      {/* Before everything that comes and goes, so that no button moves. */}
      <SendActions record={record} />
      <State record={record} />
      <section aria-labelledby="counts">
        <h2 id="counts">{texts.send.countsTitle}</h2>
        <Funnel counts={counts} />
        <p>
          <Link href={`/replies/record/${id}`}>{texts.send.replies(record.replies, formatNumber(record.replies))}</Link>
          {" · "}
          <Link href={`/replies/record/${id}`}>{texts.send.optOuts(record.optOuts, formatNumber(record.optOuts))}</Link>
        </p>
      </section>
      {record.startedTime && <TimelineChart record={record} />}
      {failedCount(counts) > 0 && <Failures record={record} />}
      {counts.skipped > 0 && <Skipped record={record} />}
      <Messages record={record} />
    </Together>
  );
}

function StatusLine({ record }: { record: Schemas["Record"] }) {
  return (
    <p>
      <StatusMark status={record.status} /> · <Times record={record} /> · <Link href={`/campaigns/${record.campaign.id}`}>{texts.send.campaign}</Link>
    </p>
  );
}

function State({ record }: { record: Schemas["Record"] }) {
  const words = pauseWords(record);
  return (
    <>
      <Relations record={record} />
      {words && <p class="warning"><strong>{words.what}</strong> {words.todo}</p>}
      {record.status === "cancelled" && <p>{texts.send.cancelledMeans}</p>}
      <PausedAccount record={record} />
      {isActive(record) && <Progress counts={record.counts} />}
      {record.status === "running" && <Pace record={record} />}
    </>
  );
}

function Times({ record: { source, sentTime, endedTime } }: { record: Schemas["Record"] }) {
  const started = source === "scheduled" ? texts.send.scheduled(formatTime(sentTime)) : texts.send.started(formatTime(sentTime));
  return <>{started}{endedTime && `, ${texts.send.ended(formatTime(endedTime))}`}</>;
}

/** The send that this one repeats, and those that repeat this one: so nobody does it twice by mistake. */
function Relations({ record }: { record: Schemas["Record"] }) {
  const siblings = useSiblings(record.campaign.id).data ?? [];
  const repeats = siblings.filter(({ failedOf }) => failedOf === record.id);
  if (!record.failedOf && repeats.length === 0) return null;
  return (
    <ul>
      {record.failedOf && <li><Link href={`/sends/${record.failedOf}`}>{texts.send.repeatOf}</Link></li>}
      {repeats.map(({ id, sentTime }) => <li key={id}><Link href={`/sends/${id}`}>{texts.send.repeatedBy(formatTime(sentTime))}</Link></li>)}
    </ul>
  );
}

/** A send of a paused account goes on by itself, so its own state says nothing of it. */
function PausedAccount({ record }: { record: Schemas["Record"] }) {
  const account = useChannelAccounts().data?.channelAccounts.find(({ id }) => id === record.campaign.channelAccountId);
  if (!isActive(record) || account?.status !== "paused") return null;
  return (
    <p class="warning">
      <strong>{texts.send.accountPaused(account.name)}</strong> {texts.accounts.reason(account.statusReason ?? "")}{" "}
      {account.pausedUntil && texts.accounts.until(formatTime(account.pausedUntil))} {texts.accounts.todo}
    </p>
  );
}

/** Announces each tenth of the way and each change of the state, and not each change of a number. */
function useProgressAnnouncements(record: Schemas["Record"]): void {
  const { status, counts } = record;
  const share = counts.audience ? doneCount(counts) / counts.audience : 0;
  const step = Math.floor(share / ANNOUNCED_SHARE);
  const said = useRef({ status, step });
  useEffect(() => {
    if (said.current.status !== status) announce(texts.send.nowIs(own(texts.status, status) ?? status));
    else if (said.current.step < step && status === "running") announce(texts.send.reached(formatPercent(step * ANNOUNCED_SHARE)));
    said.current = { status, step };
  }, [status, step]);
}
