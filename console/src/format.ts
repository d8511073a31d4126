/** Numbers and times as the reader's language and time zone write them. */

const number = new Intl.NumberFormat();
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

export const formatNumber = (value: number): string => number.format(value);
/** `share` is between 0 and 1. */
export const formatPercent = (share: number): string => percent.format(share);
export const formatTime = (time: string): string => dateTime.format(new Date(time));
export const formatDay = (date: Date): string => day.format(date);

/** A duration in words, such as "2 h 5 min"; of two units at most. */
export function formatDuration(seconds: number): string {
  const units: [number, string][] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return unit(0, "second");
  const [size, name] = units[first]!;
  const rest = Math.floor((seconds % size) / (units[first + 1]?.[0] ?? Infinity));
  const parts = [unit(Math.floor(seconds / size), name)];
  if (rest > 0) parts.push(unit(rest, units[first + 1]![1]));
  return parts.join(" ");
}

function unit(value: number, name: string): string {
  return new Intl.NumberFormat(undefined, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}

/** A size of a file, such as "1.2 MB". */
export function formatBytes(bytes: number): string {
  const [unitName, size] = bytes < 1_000_000 ? ["kilobyte", 1_000] as const : ["megabyte", 1_000_000] as const;
  return new Intl.NumberFormat(undefined, { style: "unit", unit: unitName, maximumFractionDigits: 1 }).format(bytes / size);
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const exactClock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** The time of day. */
export const formatClock = (date: Date, hasSeconds: boolean): string => (hasSeconds ? exactClock : clock).format(date);

const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const dayOfMonth = new Intl.DateTimeFormat(undefined, { day: "numeric" });

/** A day of this week in two short lines, for the axis of a chart. */
export const formatDayNarrow = (date: Date): string => `${weekday.format(date)}\n${dayOfMonth.format(date)}`;
