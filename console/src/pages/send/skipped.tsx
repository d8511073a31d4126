import { useState } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { DETAIL_PAGE_SIZE, useSkipped } from "../../api/sends";
import { formatNumber } from "../../format";
import { Link } from "wouter-preact";
import { Pager } from "../../parts/pager";
import { QueryResult } from "../../parts/query_result";
import { texts } from "../../texts";

/** Who got no message on purpose, and why. */
export function Skipped({ record: { id, counts } }: { record: Schemas["Record"] }) {
  const [page, setPage] = useState(1);
  const skipped = useSkipped(id, page, counts.skipped);
  return (
    <section aria-labelledby="skipped">
      <h2 id="skipped">{texts.send.skipped.title}</h2>
      <ul>
        {Object.entries(counts.skippedReasons).map(([reason, count]) => <li key={reason}>{texts.send.skipped.sum(formatNumber(count), reasonText(reason))}</li>)}
      </ul>
      <QueryResult query={skipped}>
        {(list) => (
          <>
            <SkippedTable contacts={list.skipped} />
            {list.total > DETAIL_PAGE_SIZE && <Pager page={page} size={DETAIL_PAGE_SIZE} total={list.total} onPage={setPage} />}
          </>
        )}
      </QueryResult>
    </section>
  );
}

function SkippedTable({ contacts }: { contacts: Schemas["SkippedContact"][] }) {
  return (
    <div class="table" role="region" aria-label={texts.send.skipped.title} tabIndex={0}>
      <table>
        <thead>
          <tr>{Object.values(texts.send.skipped.columns).map((column) => <th key={column} scope="col">{column}</th>)}</tr>
        </thead>
        <tbody>
          {contacts.map(({ contactId, name, to, reason }) => (
            <tr key={contactId}>
              <th scope="row">
                {name === null ? texts.send.skipped.deleted : <Link href={`/contacts/${contactId}`}>{name}</Link>}
                {to && <><br /><small>{to}</small></>}
              </th>
              <td>{reasonText(reason)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function reasonText(reason: string): string {
  return texts.send.skipped.reasons[reason] ?? reason;
}
