import { useMemo } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { useTimeline } from "../../api/sends";
import { formatNumber, formatTime } from "../../format";
import { Chart, type ChartSeries } from "../../parts/chart";
import { Table, TableHead } from "../../parts/table";
import { acceptedCount, failedCount, isActive, isUnderWay } from "../../send_state";
import { texts } from "../../texts";

const SERIES: ChartSeries[] = [
  { name: "sent", label: texts.send.counts.accepted, dash: [8, 4] },
  { name: "delivered", label: texts.send.counts.delivered },
  { name: "failed", label: texts.send.chart.failed, dash: [2, 3] },
];
// More rows say no more to anybody who reads them.
const MOST_ROWS = 60;

/** The counts of a send over time, as a chart and as a table. The newest counts are its last point while it runs. */
export function TimelineChart({ record }: { record: Schemas["Record"] }) {
  const timeline = useTimeline(record.id, isUnderWay(record));
  const samples = useMemo(() => withNewest(timeline.data ?? [], record), [timeline.data, record]);
  const data = useMemo(() => columns(samples), [samples]);
  if (samples.length < 2) return null;
  return (
    <section aria-labelledby="over-time">
      <h2 id="over-time">{texts.send.chart.title}</h2>
      <Chart kind="lines" label={texts.send.chart.label} series={SERIES} data={data} />
      <details>
        <summary>{texts.send.chart.table}</summary>
        <Table label={texts.send.chart.title}>
          <TableHead columns={[texts.send.chart.time, ...SERIES.map(({ label }) => label)]} />
          <tbody>
            {thinned(samples).map(({ time, counts }) => (
              <tr key={time}>
                <th scope="row">{formatTime(time)}</th>
                {values(counts).map((value, index) => <td key={index}>{formatNumber(value)}</td>)}
              </tr>
            ))}
          </tbody>
        </Table>
      </details>
    </section>
  );
}

function withNewest(samples: Schemas["SampledCounts"][], record: Schemas["Record"]): Schemas["SampledCounts"][] {
  return isActive(record) ? [...samples, { time: new Date().toISOString(), counts: record.counts }] : samples;
}

function columns(samples: Schemas["SampledCounts"][]): [number[], ...number[][]] {
  const rows = samples.map(({ counts }) => values(counts));
  return [samples.map(({ time }) => Date.parse(time) / 1000), ...SERIES.map((_, index) => rows.map((row) => row[index]!))];
}

function values(counts: Schemas["Counts"]): number[] {
  return [acceptedCount(counts), counts.delivered, failedCount(counts)];
}

/** The first, the last, and evenly chosen ones between. */
function thinned<T>(samples: T[]): T[] {
  if (samples.length <= MOST_ROWS) return samples;
  return Array.from({ length: MOST_ROWS }, (_, index) => samples[Math.round((index * (samples.length - 1)) / (MOST_ROWS - 1))]!);
}
