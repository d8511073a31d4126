import { useState } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { DETAIL_PAGE_SIZE, useMessages, type MessageStatus } from "../../api/sends";
import { formatTime } from "../../format";
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
  const [page, setPage] = useState(1);
  const [status, setStatus] = useState<MessageStatus>();
  const messages = useMessages(record.id, status, page, isUnderWay(record));
  return (
    <section aria-labelledby="messages">
      <h2 id="messages">{texts.send.messages.title}</h2>
      <div class="filters">
        <label>
          {texts.send.messages.status}{" "}
          <select
            value={status ?? ""}
            onChange={(event) => {
              setStatus((event.currentTarget.value || undefined) as MessageStatus | undefined);
              setPage(1);
            }}
          >
            <option value="">{texts.send.messages.all}</option>
            {STATUSES.map((one) => <option key={one} value={one}>{texts.status[one]}</option>)}
          </select>
        </label>
      </div>
      <QueryResult query={messages}>
        {(list) => (
          <>
            {list.messages.length === 0 ? <p>{status ? texts.send.messages.noneOfStatus : texts.send.messages.none}</p> : <MessageTable messages={list.messages} />}
            {list.total > DETAIL_PAGE_SIZE && <Pager page={page} size={DETAIL_PAGE_SIZE} total={list.total} onPage={setPage} />}
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
