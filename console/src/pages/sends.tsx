import { keepPreviousData, useQuery } from "@tanstack/preact-query";
import { Link } from "wouter-preact";
import { api, read, type Schemas } from "../api/client";
import { POLL_MILLISECONDS, SLOW_POLL_MILLISECONDS } from "../api/queries";
import { formatNumber, formatTime } from "../format";
import { oneOf, pageOf, useParameters } from "../parts/address";
import { Isolated } from "../parts/isolated";
import { Page } from "../parts/page";
import { Pager } from "../parts/pager";
import { QueryResult } from "../parts/query_result";
import { acceptedCount, failedCount, isActive } from "../send_state";
import { StatusMark } from "../parts/status_mark";
import { Table, TableHead } from "../parts/table";
import { texts } from "../texts";

const { columns } = texts.sends;
const SIZE = 20;
const STATUSES = ["pending", "running", "paused", "completed", "cancelled"] as const;
type Status = (typeof STATUSES)[number];

/** The sends of all campaigns, newest first. */
export function SendsPage() {
  const [parameters, show] = useParameters();
  const page = pageOf(parameters.page);
  const status = oneOf(STATUSES, parameters.status);
  const sends = useSends(page, status);
  return (
    <Page title={texts.navigation.sends}>
      <div class="filters">
        <label>
          {texts.sends.status}{" "}
          <select value={status ?? ""} onChange={(event) => show({ status: event.currentTarget.value, page: undefined })}>
            <option value="">{texts.sends.all}</option>
            {STATUSES.map((one) => <option key={one} value={one}>{texts.status[one]}</option>)}
          </select>
        </label>
      </div>
      <QueryResult query={sends}>
        {({ records, total }) => (
          <>
            {total === 0 ? <p>{status ? texts.sends.noneOfStatus : texts.sends.empty}</p> : <Sends records={records} />}
            <Pager page={page} size={SIZE} total={total} onPage={show} />
          </>
        )}
      </QueryResult>
    </Page>
  );
}

function useSends(pageIndex: number, status: Status | undefined) {
  const query = { pageIndex, pageSize: SIZE, ...(status && { status }) };
  return useQuery({
    queryKey: ["sends", query],
    queryFn: () => read(api.GET("/outreach/campaignRecords", { params: { query } })) as Promise<Schemas["RecordList"]>,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.records.some(isActive) ? POLL_MILLISECONDS * 2 : SLOW_POLL_MILLISECONDS),
  });
}

function Sends({ records }: { records: Schemas["Record"][] }) {
  return (
    <Table label={texts.navigation.sends} stacks>
      <TableHead columns={Object.values(columns)} />
      <tbody>{records.map((record) => <Send key={record.id} record={record} />)}</tbody>
    </Table>
  );
}

function Send({ record: { id, campaign, status, sentTime, counts, failedOf } }: { record: Schemas["Record"] }) {
  return (
    <tr>
      <th scope="row"><Link href={`/sends/${id}`}><Isolated text={campaign.name} /></Link>{failedOf && <small> {texts.sends.again}</small>}</th>
      <td><StatusMark status={status} /></td>
      <td class="time">{formatTime(sentTime)}</td>
      <td data-label={columns.audience}>{counts.audience === null ? "…" : formatNumber(counts.audience)}</td>
      <td data-label={columns.sent}>{formatNumber(acceptedCount(counts))}</td>
      <td data-label={columns.delivered}>{formatNumber(counts.delivered)}</td>
      <td data-label={columns.failed}>{formatNumber(failedCount(counts))}</td>
    </tr>
  );
}
