import { useMemo } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { formatDay, formatDayNarrow, formatNumber } from "../../format";
import { Chart, type ChartSeries } from "../../parts/chart";
import { QueryResult } from "../../parts/query_result";
import { Table, TableHead } from "../../parts/table";
import { failedCount } from "../../send_state";
import { texts } from "../../texts";
import { DAYS, MOST_RECENT, firstDay, useRecentSends } from "./data";

interface Day {
  date: Date;
  delivered: number;
  sent: number;
  failed: number;
}

// From the top of a bar to its foot: each one is drawn over the one before.
const SERIES: ChartSeries[] = [
  { name: "failed", label: texts.start.week.failed, isHatched: true },
  { name: "sent", label: texts.start.week.sent },
  { name: "delivered", label: texts.start.week.delivered },
];

/** What became of the messages of each day of the last week. */
export function Week() {
  const recent = useRecentSends();
  return (
    <section aria-labelledby="week">
      <h2 id="week">{texts.start.week.title}</h2>
      <QueryResult query={recent}>{(records) => <WeekOf records={records} />}</QueryResult>
    </section>
  );
}

function WeekOf({ records }: { records: Schemas["Record"][] }) {
  const days = useMemo(() => sumByDay(records), [records]);
  const data = useMemo(() => stacked(days), [days]);
  return (
    <>
      <Chart kind="bars" label={texts.start.week.label} series={SERIES} data={data} names={days.map(({ date }) => formatDayNarrow(date))} />
      <p><small>{texts.start.week.note}{records.length >= MOST_RECENT && ` ${texts.start.week.notAll(formatNumber(MOST_RECENT))}`}</small></p>
      <details>
        <summary>{texts.start.week.table}</summary>
        <DayTable days={days} />
      </details>
    </>
  );
}

function DayTable({ days }: { days: Day[] }) {
  return (
    <Table label={texts.start.week.title}>
      <TableHead columns={[texts.start.week.day, texts.start.week.delivered, texts.start.week.sent, texts.start.week.failed]} />
      <tbody>
        {days.map(({ date, delivered, sent, failed }) => (
          <tr key={date.getTime()}>
            <th scope="row">{formatDay(date)}</th>
            <td>{formatNumber(delivered)}</td>
            <td>{formatNumber(sent)}</td>
            <td>{formatNumber(failed)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** Sums the counts of sends by the day on which they began, in the reader's time zone. */
function sumByDay(records: Schemas["Record"][]): Day[] {
  const first = firstDay();
  const days = Array.from({ length: DAYS }, (_, index): Day => ({ date: plusDays(first, index), delivered: 0, sent: 0, failed: 0 }));
  for (const { sentTime, counts } of records) {
    const day = days.findLast(({ date }) => date <= new Date(sentTime));
    if (!day) continue;
    day.delivered += counts.delivered;
    day.sent += counts.sent;
    day.failed += failedCount(counts);
  }
  return days;
}

function plusDays(date: Date, days: number): Date {
  const later = new Date(date);
  later.setDate(later.getDate() + days);
  return later;
}

/** The heights of the bars, in the order of `SERIES`. */
function stacked(days: Day[]): [number[], ...number[][]] {
  return [
    days.map((_, index) => index),
    days.map(({ delivered, sent, failed }) => delivered + sent + failed),
    days.map(({ delivered, sent }) => delivered + sent),
    days.map(({ delivered }) => delivered),
  ];
}
