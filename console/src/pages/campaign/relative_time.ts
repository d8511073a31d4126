/** Times relative to now, such as `now-30d`, and local times for inputs (docs/api.md, "Filters"). */

export const UNITS = ["h", "d", "w", "m", "y"] as const;
export type Unit = (typeof UNITS)[number];
export interface RelativeTime {
  amount: number;
  /** The unit with its direction: `-d` are days ago. */
  step: `${"-" | "+"}${Unit}`;
}

/** The parts of a relative time; `null` for any other text. */
export function parseRelative(value: string): RelativeTime | null {
  const match = /^now(?:\s*([+-])\s*(\d{1,9})\s*([hdwmy]))?$/i.exec(value.trim());
  if (!match) return null;
  const [, sign = "-", amount = "0", unit = "d"] = match;
  return { amount: Number(amount), step: `${sign as "-" | "+"}${unit.toLowerCase() as Unit}` };
}

export function writeRelative({ amount, step }: RelativeTime): string {
  return `now${step[0]}${amount}${step[1]}`;
}

/** The `max` of a `datetime-local` input: without it, people can type years of six digits, which are no instants of the API. */
export const LAST_INPUT = "9999-12-31T23:59";

/** The value of a `datetime-local` input for an instant; empty if `value` is none. A time without offset is UTC. */
export function localInput(value: string): string {
  const instant = new Date(/^\d{4}-\d\d-\d\d$/.test(value) || /(z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value.replace(" ", "T")}Z`);
  if (Number.isNaN(instant.getTime())) return "";
  const local = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** The instant of a `datetime-local` input, in the person's own time zone. */
export function instantOf(input: string): string {
  return new Date(input).toISOString();
}

/** The name of the person's time zone, such as `Europe/Berlin`. */
export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
