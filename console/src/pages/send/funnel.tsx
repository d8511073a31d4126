import type { Schemas } from "../../api/client";
import { formatNumber, formatPercent } from "../../format";
import { Table } from "../../parts/table";
import { acceptedCount } from "../../send_state";
import { texts } from "../../texts";

type Row = [name: keyof typeof texts.send.counts, value: number];

/** How many contacts got how far: those who were chosen, those whose message was sent, those who have it; then all others. */
export function Funnel({ counts }: { counts: Schemas["Counts"] }) {
  const { audience, delivered, queued, sending, sent, undelivered, failed, skipped } = counts;
  if (audience === null) return <p aria-busy="true">{texts.send.selecting}</p>;
  const stages: Row[] = [["audience", audience], ["accepted", acceptedCount(counts)], ["delivered", delivered]];
  const others: Row[] = [["queued", queued], ["sending", sending], ["unconfirmed", sent], ["undelivered", undelivered], ["failed", failed], ["skipped", skipped]];
  return (
    <div class="funnel">
      <Table label={texts.send.countsTitle}>
        <tbody class="stages">{stages.map((row) => <Count key={row[0]} row={row} audience={audience} />)}</tbody>
        <tbody>{others.filter(([, value]) => value > 0).map((row) => <Count key={row[0]} row={row} audience={audience} />)}</tbody>
      </Table>
    </div>
  );
}

function Count({ row: [name, value], audience }: { row: Row; audience: number }) {
  const label = texts.send.counts[name];
  return (
    <tr>
      <th scope="row">{label} <small>{texts.send.meanings[name]}</small></th>
      <td>{formatNumber(value)}</td>
      <td><progress max={Math.max(audience, 1)} value={value} aria-label={label} /></td>
      <td>{audience > 0 && formatPercent(value / audience)}</td>
    </tr>
  );
}
