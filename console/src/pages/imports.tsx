import { keepPreviousData, useQuery } from "@tanstack/preact-query";
import { Link } from "wouter-preact";
import { api, read } from "../api/client";
import { SLOW_POLL_MILLISECONDS, useCan } from "../api/queries";
import { formatNumber, formatTime } from "../format";
import { pageOf, useParameters } from "../parts/address";
import { Isolated } from "../parts/isolated";
import { Page } from "../parts/page";
import { Pager } from "../parts/pager";
import { QueryResult } from "../parts/query_result";
import { Table, TableHead } from "../parts/table";
import { texts } from "../texts";
import { isInProgress, pollMilliseconds } from "./imports/import_record";
import type { ImportSummary } from "./imports/import_record";
import { ImportStatus } from "./imports/import_status";
import { UndoImport } from "./imports/undo_import";

const words = texts.imports;
const PAGE_SIZE = 25;

/** Earlier imports, newest first, and the way to a new one. */
export function ImportsPage() {
  const [parameters, show] = useParameters();
  const page = pageOf(parameters.page);
  const imports = useImports(page);
  const canWrite = useCan()("contact:write");
  return (
    <Page title={words.title} actions={canWrite && <Link class="button" href="/imports/new">{words.new}</Link>}>
      <QueryResult query={imports}>
        {({ contactImportRecords, total }) =>
          total === 0 ? <p>{words.none}</p> : (
            <>
              <ImportTable records={contactImportRecords} />
              <Pager page={page} size={PAGE_SIZE} total={total} onPage={show} />
            </>
          )}
      </QueryResult>
    </Page>
  );
}

function useImports(page: number) {
  return useQuery({
    queryKey: ["imports", page],
    queryFn: () => read(api.GET("/contact/contactImportRecords", { params: { query: { pageIndex: page, pageSize: PAGE_SIZE } } })),
    refetchInterval: ({ state: { data } }) => Math.min(SLOW_POLL_MILLISECONDS, ...(data?.contactImportRecords ?? []).map((record) => pollMilliseconds(record) || Infinity)),
    placeholderData: keepPreviousData,
  });
}

function ImportTable({ records }: { records: ImportSummary[] }) {
  return (
    <Table label={words.title} stacks>
      <TableHead columns={[words.file, words.time, words.status, words.rows, words.created, words.updated, words.skipped, words.failed, words.undoColumn]} />
      <tbody>
        {records.map((record) => (
          <tr key={record.id}>
            <th scope="row" class="long-text"><Link href={`/imports/${record.id}`}><Isolated text={record.fileName ?? words.unnamed} /></Link></th>
            <td class="time">{formatTime(record.createTime)}</td>
            <td><ImportStatus record={record} /></td>
            <td data-label={words.rows}>{record.totalRows === null ? (isInProgress(record) ? "…" : "–") : formatNumber(record.totalRows)}</td>
            <td data-label={words.created}>{formatNumber(record.createdCount)}</td>
            <td data-label={words.updated}>{formatNumber(record.updatedCount)}</td>
            <td data-label={words.skipped}>{formatNumber(record.skippedCount)}</td>
            <td data-label={words.failed}>{formatNumber(record.failedCount)}</td>
            <td><UndoImport record={record} /></td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
