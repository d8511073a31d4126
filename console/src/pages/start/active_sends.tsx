import { Link } from "wouter-preact";
import type { Schemas } from "../../api/client";
import { formatNumber, formatTime } from "../../format";
import { Isolated } from "../../parts/isolated";
import { Progress } from "../../parts/progress";
import { QueryResult } from "../../parts/query_result";
import { StatusMark } from "../../parts/status_mark";
import { pauseWords } from "../../send_state";
import { texts } from "../../texts";
import { useActiveSends, useScheduled } from "./data";

const MOST_SCHEDULED = 20;

/** The sends that are not over, with their progress, and those to come. */
export function ActiveSends() {
  const active = useActiveSends();
  return (
    <section aria-labelledby="active">
      <h2 id="active">{texts.start.active}</h2>
      <QueryResult query={active}>
        {(records) => (records.length === 0 ? <p>{texts.start.noneActive}</p> : <ul class="cards">{records.map((record) => <ActiveSend key={record.id} record={record} />)}</ul>)}
      </QueryResult>
      <Scheduled />
    </section>
  );
}

function ActiveSend({ record }: { record: Schemas["Record"] }) {
  const words = pauseWords(record);
  return (
    <li>
      <Link href={`/sends/${record.id}`}><Isolated text={record.campaign.name} /></Link> · <StatusMark status={record.status} />
      {words && <p>{words.what} {words.todo}</p>}
      <Progress counts={record.counts} />
    </li>
  );
}

function Scheduled() {
  const campaigns = useScheduled().data ?? [];
  if (campaigns.length === 0) return null;
  return (
    <>
      <h3>{texts.start.scheduled}</h3>
      <ul>
        {campaigns.slice(0, MOST_SCHEDULED).map(({ id, name, scheduledStartTime }) => (
          <li key={id}><Link href={`/campaigns/${id}`}><Isolated text={name} /></Link>: {formatTime(scheduledStartTime!)}</li>
        ))}
        {campaigns.length > MOST_SCHEDULED && <li><Link href="/campaigns">{texts.contacts.more(formatNumber(campaigns.length - MOST_SCHEDULED))}</Link></li>}
      </ul>
    </>
  );
}
