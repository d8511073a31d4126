import type { Schemas } from "../../api/client";
import { formatNumber } from "../../format";
import { FailureReason } from "../../parts/failure_reason";
import { Table, TableHead } from "../../parts/table";
import { failedCount } from "../../send_state";
import { texts } from "../../texts";

/** Why messages failed, the most frequent reason first. */
export function Failures({ record: { failures, counts } }: { record: Schemas["Record"] }) {
  const rest = failedCount(counts) - failures.reduce((sum, { count }) => sum + count, 0);
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">{texts.send.failures.title}</h2>
      <Table label={texts.send.failures.title}>
        <TableHead columns={[texts.send.failures.reason, texts.send.failures.count]} />
        <tbody>
          {failures.map(({ code, reason, count }) => (
            <tr key={code}><th scope="row"><FailureReason reason={`${code}: ${reason}`} /></th><td>{formatNumber(count)}</td></tr>
          ))}
          {rest > 0 && <tr><th scope="row">{texts.send.failures.rest}</th><td>{formatNumber(rest)}</td></tr>}
        </tbody>
      </Table>
    </section>
  );
}
