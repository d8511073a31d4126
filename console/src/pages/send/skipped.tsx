import type { Schemas } from "../../api/client";
import { DETAIL_PAGE_SIZE, useSkipped } from "../../api/sends";
import { formatNumber } from "../../format";
import { Link } from "wouter-preact";
import { own } from "../../own";
import { pageOf, useParameters } from "../../parts/address";
import { Isolated } from "../../parts/isolated";
import { Pager } from "../../parts/pager";
import { QueryResult } from "../../parts/query_result";
import { Table, TableHead } from "../../parts/table";
import { texts } from "../../texts";

/** Who got no message on purpose, and why. */
export function Skipped({ record: { id, counts } }: { record: Schemas["Record"] }) {
  const [parameters, show] = useParameters();
  const page = pageOf(parameters.skippedPage);
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
            <Pager page={page} size={DETAIL_PAGE_SIZE} total={list.total} name="skippedPage" onPage={show} />
          </>
        )}
      </QueryResult>
    </section>
  );
}

function SkippedTable({ contacts }: { contacts: Schemas["SkippedContact"][] }) {
  return (
    <Table label={texts.send.skipped.title}>
      <TableHead columns={Object.values(texts.send.skipped.columns)} />
      <tbody>
        {contacts.map(({ contactId, name, to, reason }) => (
          <tr key={contactId}>
            <th scope="row">
              {name === null ? texts.send.skipped.deleted : <Link href={`/contacts/${contactId}`}><Isolated text={name} /></Link>}
              {to && <><br /><small>{to}</small></>}
            </th>
            <td>{reasonText(reason)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function reasonText(reason: string): string {
  return own(texts.send.skipped.reasons, reason) ?? reason;
}
