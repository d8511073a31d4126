/** The values of custom fields as texts for inputs and readers, and back (docs/api.md, "Fields"). */
import type { Schemas } from "../../api/client";
import { formatNumber, formatTime } from "../../format";
import { texts } from "../../texts";

export type Field = Schemas["Field"];

/** The site's fields that hold custom values and are meant to be shown. */
export function shownFields(fields: Field[]): Field[] {
  return fields.filter((field) => !field.isIdentity && field.isVisible);
}

/** A value as its input has it; the entries of a `checkboxlist`. */
export function toInput(field: Field, value: unknown): string[] {
  if (value === undefined || value === null || value === "") return [];
  if (Array.isArray(value)) return value.map(String);
  if (field.type === "date time") return [toLocal(String(value))];
  if (field.type === "checkbox") return [value === true || value === "true" ? "yes" : "no"];
  return [String(value)];
}

/** What an input has, as the API takes it; undefined for no value. */
export function fromInput(field: Field, entries: string[]): unknown {
  const filled = entries.filter((entry) => entry.trim() !== "");
  if (filled.length === 0) return undefined;
  if (field.type === "checkboxlist") return filled;
  if (field.type === "date time") return toInstant(filled[0]!);
  return filled[0];
}

/** A value in words. */
export function toText(field: Field, value: unknown): string {
  if (typeof value === "boolean") return value ? texts.common.yes : texts.common.no;
  if (typeof value === "number") return formatNumber(value);
  if (Array.isArray(value)) return value.map((entry) => optionText(field, String(entry))).join(", ");
  if (field.type === "date time") return formatTime(String(value));
  return optionText(field, String(value));
}

function optionText(field: Field, value: string): string {
  return field.fieldOptions.find((option) => option.value === value)?.displayText || value;
}

/** An instant as `datetime-local` has it: local time without offset. */
function toLocal(instant: string): string {
  const time = new Date(instant);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().replace(/(:00)?\.\d+Z$/, "");
}

function toInstant(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? local : time.toISOString();
}
