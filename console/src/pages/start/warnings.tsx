import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import type { Schemas } from "../../api/client";
import { useChannelAccounts } from "../../api/queries";
import { formatNumber, formatPercent, formatTime } from "../../format";
import { Isolated } from "../../parts/isolated";
import { Problem } from "../../parts/problem";
import { failedCount, failureShare, scheduleWords } from "../../send_state";
import { texts } from "../../texts";
import { useGivenUp, useQuotas, useRecentSends } from "./data";

const MOST_FAILURES = 0.03;
const NEARLY_USED = 0.8;
// A week with many bad sends says the same with few of them.
const MOST_SENDS = 5;

/** What needs somebody's attention, each with what to do. */
export function Warnings() {
  return (
    <div class="warnings">
      <PausedAccounts />
      <Quota />
      <GivenUpSchedules />
      <ManyFailures />
    </div>
  );
}

function Warning({ children }: { children: ComponentChildren }) {
  return <div class="warning">{children}</div>;
}

function PausedAccounts() {
  const accounts = useChannelAccounts();
  const paused = accounts.data?.channelAccounts.filter(({ status }) => status === "paused") ?? [];
  return (
    <>
      <Problem error={accounts.error} />
      {paused.map((account) => <PausedAccount key={account.id} account={account} />)}
    </>
  );
}

function PausedAccount({ account: { name, statusReason, pausedUntil } }: { account: Schemas["ChannelAccount"] }) {
  return (
    <Warning>
      <strong>{texts.start.accountPaused(name)}</strong> {texts.accounts.reason(statusReason ?? "")} {pausedUntil && texts.accounts.until(formatTime(pausedUntil))}{" "}
      {texts.accounts.todo} <Link href="/accounts">{texts.start.openAccounts}</Link>
    </Warning>
  );
}

function Quota() {
  const quotas = useQuotas();
  const { dailySegments, usedSegments } = quotas ?? {};
  if (!dailySegments || usedSegments === null || usedSegments === undefined || usedSegments < NEARLY_USED * dailySegments) return null;
  const share = Math.min(1, usedSegments / dailySegments);
  return (
    <Warning>
      <strong>{texts.start.quota(formatPercent(share), formatNumber(usedSegments), formatNumber(dailySegments))}</strong> {texts.start.quotaTodo(formatTime(nextMidnight()))}
    </Warning>
  );
}

/** Quotas are counted by the days of UTC. */
function nextMidnight(): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1)).toISOString();
}

function GivenUpSchedules() {
  const campaigns = useGivenUp();
  return (
    <>
      <Problem error={campaigns.error} />
      {campaigns.data?.map(({ id, name, scheduleStatusReason }) => (
        <Warning key={id}>
          <strong>{texts.start.givenUp(name)}</strong> <Isolated text={scheduleWords(scheduleStatusReason!)} />. <Link href={`/campaigns/${id}`}>{texts.start.givenUpTodo}</Link>
        </Warning>
      ))}
    </>
  );
}

function ManyFailures() {
  const bad = (useRecentSends().data ?? []).filter(({ counts }) => failureShare(counts) > MOST_FAILURES);
  return (
    <>
      {bad.slice(0, MOST_SENDS).map(({ id, campaign, counts }) => (
        <Warning key={id}>
          <strong>{texts.start.failures(campaign.name, failedCount(counts), formatNumber(failedCount(counts)), formatPercent(failureShare(counts)))}</strong>{" "}
          <Link href={`/sends/${id}`}>{texts.start.failuresTodo}</Link>
        </Warning>
      ))}
      {bad.length > MOST_SENDS && <Warning><Link href="/sends">{texts.start.moreFailures(formatNumber(bad.length - MOST_SENDS))}</Link></Warning>}
    </>
  );
}
