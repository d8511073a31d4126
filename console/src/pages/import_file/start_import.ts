/** Sends a file to be imported, or to be tried (docs/api.md, "Import"). */
import { api, postForm, read } from "../../api/client";
import type { Schemas } from "../../api/client";
import { ApiError } from "../../api/errors";
import { texts } from "../../texts";
import { IDENTITY_TYPES } from "../contact/identities";
import type { Import } from "../imports/import_record";

export type Columns = Record<string, string | null>;

/** What the reader chooses. */
export interface Options {
  duplicates: "merge" | "replace" | "skip";
  phoneNumbers: "" | "national" | "international";
  /** Empty: recognised. */
  encoding: string;
  /** Where the columns go; null before the first check. */
  columns: Columns | null;
}

/** How far a file is: the share that has been sent, or the rows that have been read. */
export type Progress = { step: "uploading"; share: number } | { step: "reading"; record: Import | null };
export type Report = (progress: Progress) => void;

// A request has 4.5 MB at most, and the form has the columns beside the file.
const MOST_FORM_BYTES = 4_400_000;

/** The size of the largest file that the API takes. */
export const MOST_BYTES = 100_000_000;

/** Starts an import or, with `dryRun`, a trial. Small files go in a form, large ones to the bucket. */
export async function startImport(file: File, options: Options, dryRun: boolean, headers: Record<string, string>, report: Report): Promise<Import> {
  const body = bodyOf(options, dryRun);
  if (file.size <= MOST_FORM_BYTES) {
    report({ step: "reading", record: null });
    return await postForm<Import>("/contact/contacts:import", formOf(file, body), headers);
  }
  const request = api.POST("/contact/contacts:import", { body: { ...body, fileName: file.name, size: file.size } as Schemas["ImportBody"], headers });
  const record = (await read(request)) as Import;
  await upload(record.uploadUrl ?? "", file, report);
  return record;
}

/** Whether a column tells who a row is about; without one, every row fails. */
export function hasIdentity(columns: Columns | null): boolean {
  return Object.values(columns ?? {}).some((field) => (IDENTITY_TYPES as (string | null)[]).includes(field));
}

function bodyOf(options: Options, dryRun: boolean): Record<string, unknown> {
  return {
    duplicateControlOption: options.duplicates,
    dryRun,
    // Once the reader has seen the columns, what has no field is meant to be left out.
    ...(options.columns && { columns: options.columns, unknownColumns: "ignore" }),
    ...(options.phoneNumbers && { phoneNumbers: options.phoneNumbers }),
    ...(options.encoding && { encoding: options.encoding }),
  };
}

function formOf(file: File, body: Record<string, unknown>): FormData {
  const form = new FormData();
  form.append("uploadFile", file);
  for (const [name, value] of Object.entries(body)) form.append(name, typeof value === "string" ? value : JSON.stringify(value));
  return form;
}

/** `fetch` does not report how much it has sent. */
function upload(url: string, file: File, report: Report): Promise<void> {
  const failure = () => new ApiError(0, "upload_failed", texts.importFile.uploadFailed);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => report({ step: "uploading", share: loaded / total });
    request.onload = () => (request.status < 300 ? resolve() : reject(failure()));
    request.onerror = () => reject(failure());
    request.open("PUT", url);
    request.send(file);
  });
}
