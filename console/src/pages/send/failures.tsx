import type { Schemas } from "../../api/client";
import { formatNumber } from "../../format";
import { FailureReason } from "../../parts/failure_reason";
import { failedCount } from "../../send_state";
import { texts } from "../../texts";

/** Why messages failed, the most frequent reason first. */
export function Failures({ record: { failures, counts } }: { record: Schemas["Record"] }) {
  const rest = failedCount(counts) - failures.reduce((sum, { count }) => sum + count, 0);
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">{texts.send.failures.title}</h2>
      <div class="table">
        <table>
          <thead>
            <tr><th scope="col">{texts.send.failures.reason}</th><th scope="col">{texts.send.failures.count}</th></tr>
          </thead>
          <tbody>
            {failures.map(({ code, reason, count }) => (
              <tr key={code}><th scope="row"><FailureReason reason={`${code}: ${reason}`} /></th><td>{formatNumber(count)}</td></tr>
            ))}
            {rest > 0 && <tr><th scope="row">{texts.send.failures.rest}</th><td>{formatNumber(rest)}</td></tr>}
          </tbody>
        </table>
      </div>
    </section>
  );
}
