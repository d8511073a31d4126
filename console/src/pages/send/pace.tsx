import { useRef } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { formatDuration, formatNumber } from "../../format";
import { doneCount } from "../../send_state";
import { texts } from "../../texts";

interface Sample {
  time: number;
  done: number;
}

const WINDOW_SECONDS = 60;
const FEW_SECONDS = 6;

/** How fast a send is and how long it takes, by what this page has seen in the last minute. */
export function Pace({ record }: { record: Schemas["Record"] }) {
  const rate = useRate(record);
  const { queued, sending, audience } = record.counts;
  if (audience === null) return null;
  if (rate === null) return <p>{texts.send.measuring}</p>;
  if (rate === 0) return <p>{queued > 0 ? texts.send.waiting : texts.send.lastOnes}</p>;
  const shown = rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10;
  return <p>{texts.send.pace(formatNumber(shown), formatDuration(Math.ceil((queued + sending) / rate)))}</p>;
}

/** Messages a second; null until there is enough to tell. */
function useRate({ counts }: Schemas["Record"]): number | null {
  const samples = useRef<Sample[]>([]);
  const now = Date.now() / 1000;
  const done = doneCount(counts);
  samples.current = [...samples.current.filter(({ time }) => time > now - WINDOW_SECONDS), { time: now, done }];
  const first = samples.current[0]!;
  return now - first.time < FEW_SECONDS ? null : Math.max(0, done - first.done) / (now - first.time);
}
