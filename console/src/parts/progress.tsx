import type { Schemas } from "../api/client";
import { formatNumber, formatPercent } from "../format";
import { texts } from "../texts";
import { doneCount } from "../send_state";

/** How far a send is: a bar, and the same in words. */
export function Progress({ counts }: { counts: Schemas["Counts"] }) {
  if (counts.audience === null) return <progress aria-label={texts.progress.label} />;
  const done = doneCount(counts);
  const share = counts.audience === 0 ? 1 : done / counts.audience;
  return (
    <>
      <progress max={1} value={share} aria-label={texts.progress.label} />
      <small>{texts.progress.done(formatNumber(done), formatNumber(counts.audience), formatPercent(Math.floor(share * 100) / 100))}</small>
    </>
  );
}
