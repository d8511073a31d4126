import { Link } from "wouter-preact";
import { useChannelAccounts, useSite } from "../api/queries";
import { seenTime, useReplyCount } from "../api/replies";
import { formatNumber } from "../format";
import { Together } from "../parts/loading";
import { Page } from "../parts/page";
import { QueryResult } from "../parts/query_result";
import { texts } from "../texts";
import { ActiveSends } from "./start/active_sends";
import { useActiveSends, useGivenUp, useIsEmptySite, useRecentSends, useScheduled } from "./start/data";
import { Warnings } from "./start/warnings";
import { Week } from "./start/week";
import { Welcome } from "./start/welcome";

/** What is going on: warnings, sends under way or planned, unread replies, and the last week. A new site gets its first steps. */
export function StartPage() {
  const isEmpty = useIsEmptySite();
  const shown = [isEmpty, useChannelAccounts(), useGivenUp(), useRecentSends(), useActiveSends(), useScheduled()];
  return (
    <Page title={texts.navigation.start}>
      <Together queries={shown}>
        <Warnings />
        {isEmpty.data ? <Welcome /> : <Overview />}
      </Together>
    </Page>
  );
}

function Overview() {
  return (
    <>
      <UnreadReplies />
      <ActiveSends />
      <Week />
    </>
  );
}

function UnreadReplies() {
  const siteId = useSite().data?.siteId;
  const seen = siteId === undefined ? null : seenTime(siteId);
  const count = useReplyCount(siteId, seen);
  return (
    <QueryResult query={count}>
      {(total) => <p><Link href="/replies">{total === 0 ? texts.start.noReplies : texts.start.replies(total, formatNumber(total))}</Link></p>}
    </QueryResult>
  );
}
