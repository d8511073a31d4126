import type { Schemas } from "../../api/client";
import { DETAIL_PAGE_SIZE, useMessages, type MessageStatus } from "../../api/sends";
import { formatTime } from "../../format";
import { oneOf, pageOf, useParameters } from "../../parts/address";
import { ContactLink } from "../../parts/contact_link";
import { FailureReason } from "../../parts/failure_reason";
import { Pager } from "../../parts/pager";
import { QueryResult } from "../../parts/query_result";
import { isUnderWay } from "../../send_state";
import { StatusMark } from "../../parts/status_mark";
import { Table, TableHead } from "../../parts/table";
import { texts } from "../../texts";

const STATUSES: MessageStatus[] = ["queued", "sending", "sent", "delivered", "undelivered", "failed"];

/** The messages of a send, all of them or those of one status. */
export function Messages({ record }: { record: Schemas["Record"] }) {
  const [parameters, show] = useParameters();
  const page = pageOf(parameters.page);
  const status = oneOf(STATUSES, parameters.status);
  const messages = useMessages(record.id, status, page, isUnderWay(record));
  return (
    <section aria-labelledby="messages">
      <h2 id="messages">{texts.send.messages.title}</h2>
      <div class="filters">
        <label>
          {texts.send.messages.status}{" "}
          <select value={status ?? ""} onChange={(event) => show({ status: event.currentTarget.value, page: undefined })}>
            <option value="">{texts.send.messages.all}</option>
            {STATUSES.map((one) => <option key={one} value={one}>{texts.status[one]}</option>)}
          </select>
        </label>
      </div>
      <QueryResult query={messages}>
        {(list) => (
          <>
            {list.total === 0 ? <p>{status ? texts.send.messages.noneOfStatus : isUnderWay(record) ? texts.send.messages.soon : texts.send.messages.none}</p> : <MessageTable messages={list.messages} />}
            <Pager page={page} size={DETAIL_PAGE_SIZE} total={list.total} onPage={show} />
          </>
        )}
      </QueryResult>
    </section>
  );
}

function MessageTable({ messages }: { messages: Schemas["Message"][] }) {
  return (
    <Table label={texts.send.messages.title} stacks>
      <TableHead columns={Object.values(texts.send.messages.columns)} />
      <tbody>
        {messages.map(({ id, contactId, to, status, sentTime, failedReason }) => (
          <tr key={id}>
            <th scope="row"><ContactLink id={contactId} number={to} /><br /><small>{to}</small></th>
            <td><StatusMark status={status} />{failedReason && <><br /><FailureReason reason={failedReason} /></>}</td>
            <td class="time">{formatTime(sentTime)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
