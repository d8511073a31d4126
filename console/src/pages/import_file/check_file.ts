/** Tries an import: what would it do, and what does the API make of the columns? */
import { ApiError } from "../../api/errors";
import { own } from "../../own";
import { texts } from "../../texts";
import { firstRows, isInProgress, whenOver } from "../imports/import_record";
import type { FileRow, Import } from "../imports/import_record";
import { startImport } from "./start_import";
import type { Columns, Options, Report } from "./start_import";

export interface Check {
  /** What the import would do; null if the file is refused as it is. */
  record: Import | null;
  /** Why the file is refused. */
  reasons: string[];
  /** What was checked, with the columns as they are understood. */
  options: Options;
  /** The headings of the columns whose field is a suggestion. */
  suggested: ReadonlySet<string>;
  /** The headings of the columns that the API knows nothing about. */
  unknown: ReadonlySet<string>;
  /** The first rows. */
  rows: FileRow[];
}

type Known = Pick<Check, "suggested" | "unknown" | "rows">;
type Trial = { record: Import } | { reasons: string[]; suggestions: Columns };

// The API names the unknown columns in its messages only; `suggestedColumns` has those that a common export has.
const UNKNOWN_COLUMN = /^the file has a column that is not a contact field: (.+?)(?:; it seems to be .*|; to ignore it, .*|; to import it, .*)?$/s;
const NO_FIELD = "must have at least one contact field as a column heading";
const NOTHING_KNOWN: Known = { suggested: new Set(), unknown: new Set(), rows: [] };
const FILE_ERROR_STATUSES = [400, 422];

/** Checks a file. If it has unknown columns, it is checked once more with what the API suggests for them. */
export async function checkFile(file: File, options: Options, before: Check | null, report: Report): Promise<Check> {
  const trial = await tryImport(file, options, report);
  if ("record" in trial || options.columns) return toCheck(trial, options, before ?? NOTHING_KNOWN);
  const headings = unknownHeadings(trial.reasons);
  const columns = { ...Object.fromEntries(headings.map((heading) => [heading, null])), ...trial.suggestions };
  if (Object.keys(columns).length === 0) return toCheck(trial, options, NOTHING_KNOWN);
  const suggested = new Set(Object.keys(columns).filter((heading) => own(columns, heading) !== null));
  const unknown = new Set(headings.filter((heading) => !Object.hasOwn(trial.suggestions, heading)));
  const next = { ...options, columns };
  return toCheck(await tryImport(file, next, report), next, { suggested, unknown, rows: [] });
}

function toCheck(trial: Trial, options: Options, known: Known): Check {
  if ("record" in trial) {
    const { record } = trial;
    return { ...known, record, reasons: [], options: { ...options, columns: record.columns }, rows: firstRows(record) };
  }
  const isNoneKnown = options.columns && Object.values(options.columns).every((field) => field === null);
  const reasons = isNoneKnown ? [texts.importFile.noneKnown, ...trial.reasons.filter(isAdvice)] : trial.reasons;
  return { ...known, record: null, reasons, options };
}

async function tryImport(file: File, options: Options, report: Report): Promise<Trial> {
  try {
    const started = await startImport(file, options, true, {}, report);
    const record = isInProgress(started) ? await whenOver(started.id, (running) => report({ step: "reading", record: running })) : started;
    return record.status === "failed" ? { reasons: record.errors, suggestions: record.suggestedColumns } : { record };
  } catch (error) {
    if (!(error instanceof ApiError) || !FILE_ERROR_STATUSES.includes(error.status) || error.places.length === 0) throw error;
    return { reasons: error.places.map((place) => place.message), suggestions: (error.problem.suggestedColumns ?? {}) as Columns };
  }
}

/** Says whether a reason is about the file as a whole, such as "row 3 seems to have the headings of the columns". */
function isAdvice(reason: string): boolean {
  return !UNKNOWN_COLUMN.test(reason) && !reason.includes(NO_FIELD);
}

function unknownHeadings(reasons: string[]): string[] {
  return reasons.flatMap((reason) => UNKNOWN_COLUMN.exec(reason)?.[1] ?? []);
}
