/** Import records: reading, waiting, taking back (docs/api.md, "Import"). */
import { QueryObserver, queryOptions } from "@tanstack/preact-query";
import { api, read } from "../../api/client";
import type { Schemas } from "../../api/client";
import { ApiError } from "../../api/errors";
import { POLL_MILLISECONDS, SLOW_POLL_MILLISECONDS, queryClient } from "../../api/queries";
import { texts } from "../../texts";

export type Import = Schemas["Import"];
export type ImportSummary = Schemas["ImportSummary"];

const UPLOAD_MILLISECONDS = 15 * 60_000;
const UNDO_MILLISECONDS = 30 * 86_400_000;
// Each attempt waits up to 20 seconds on the server.
const UNDO_ATTEMPTS = 30;

export interface RowError {
  column: string;
  message: string;
}

/** A row of a file with its cells by heading. */
export interface FileRow {
  row: number;
  values: Record<string, string>;
  errors?: RowError[];
}

export interface ImportWarning extends RowError {
  row: number;
}

/** The query of one import; it repeats itself until the import is over. */
export function importQuery(id: string) {
  return queryOptions({
    queryKey: ["import", id],
    queryFn: () => read(api.GET("/contact/contactImportRecords/{id}", { params: { path: { id } } })) as Promise<Import>,
    refetchInterval: ({ state: { data } }) => (data ? pollMilliseconds(data) : POLL_MILLISECONDS),
  });
}

/** How often to read an import again. */
export function pollMilliseconds(record: ImportSummary): number | false {
  if (!isInProgress(record)) return false;
  return isMissingFile(record) ? SLOW_POLL_MILLISECONDS : POLL_MILLISECONDS;
}

/** Whether an import waits for a file whose URL has expired. */
export function isMissingFile(record: ImportSummary): boolean {
  return record.status === "pending" && Date.now() - new Date(record.createTime).getTime() > UPLOAD_MILLISECONDS;
}

/** Whether an import, or its undo, still goes on. */
export function isInProgress({ status }: { status: Import["status"] }): boolean {
  return status === "pending" || status === "running";
}

/** Whether an import can still be taken back. */
export function canUndo(record: ImportSummary): boolean {
  const isRecent = Date.now() - new Date(record.createTime).getTime() < UNDO_MILLISECONDS;
  const hasChanged = record.createdCount + record.updatedCount > 0;
  return isRecent && hasChanged && (record.status === "completed" || record.status === "failed") && !record.dryRun;
}

/** Waits until an import is over, and reports its state on the way. */
export function whenOver(id: string, report: (record: Import) => void): Promise<Import> {
  const observer = new QueryObserver(queryClient, importQuery(id));
  return new Promise((resolve, reject) => {
    const stop = observer.subscribe(({ data, error }) => {
      if (data) report(data);
      if (!error && (!data || isInProgress(data))) return;
      stop();
      if (error) reject(error);
      else resolve(data!);
    });
  });
}

/** Takes an import back; returns what that did. An undo that takes longer is asked for again until it is over. */
export async function undoImport(id: string): Promise<Schemas["Undo"]> {
  for (let attempt = 0; attempt < UNDO_ATTEMPTS; attempt += 1) {
    const answer = await api.POST("/contact/contactImportRecords/{id}:undo", { params: { path: { id } } });
    const undo = await read(Promise.resolve(answer));
    if ("deleted" in undo) return undo;
  }
  throw new ApiError(202, "unfinished", texts.imports.undoUnfinished);
}

/** The failed rows of an import. The description of the API leaves the form of these lists open. */
export const failedRows = (record: Import) => record.failedRows as unknown as FileRow[];
/** The first rows of a dry run. */
export const firstRows = (record: Import) => record.rows as unknown as FileRow[];
/** The warnings of an import. */
export const warningsOf = (record: Import) => record.warnings as unknown as ImportWarning[];
