import { useMutation, useQuery } from "@tanstack/preact-query";
import { useEffect } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, read } from "../api/client";
import { refreshList } from "../api/queries";
import { formatNumber, formatTime } from "../format";
import { BackLink } from "../parts/address";
import { announce } from "../parts/announcer";
import { saveFile } from "../api/download";
import { fieldLabel } from "../parts/field_label";
import { Isolated } from "../parts/isolated";
import { Page } from "../parts/page";
import { Problem } from "../parts/problem";
import { QueryResult } from "../parts/query_result";
import { texts } from "../texts";
import { Counts } from "./imports/counts";
import { FileFormat } from "./imports/file_format";
import { FileRows } from "./imports/file_rows";
import { failedRows, importQuery, isInProgress, isMissingFile } from "./imports/import_record";
import type { Import } from "./imports/import_record";
import { ImportStatus } from "./imports/import_status";
import { PlainWords } from "./imports/plain_words";
import { UndoImport } from "./imports/undo_import";
import { Warnings } from "./imports/warnings";

const MOST_ROWS = 50;

/** One import: its progress, and then what it has done. */
export function ImportPage({ id }: { id: string }) {
  const record = useQuery(importQuery(id));
  useCompletion(record.data?.status);
  return (
    <Page title={texts.import.title}>
      <BackLink href="/imports" text={texts.import.back} />
      <QueryResult query={record}>{(data) => <Content record={data} />}</QueryResult>
    </Page>
  );
}

/** Says that the import has ended while the page was open. */
function useCompletion(status: Import["status"] | undefined): void {
  useEffect(() => {
    if (status !== "completed") return;
    announce(texts.import.completed);
    refreshList("contacts");
  }, [status]);
}

function Content({ record }: { record: Import }) {
  return (
    <>
      <dl class="facts">
        {record.fileName !== null && <dt>{texts.import.file}</dt>}
        {record.fileName !== null && <dd><Isolated text={record.fileName} /></dd>}
        <dt>{texts.import.time}</dt>
        <dd>{formatTime(record.createTime)}</dd>
        <dt>{texts.import.status}</dt>
        <dd><ImportStatus record={record} /></dd>
        {record.totalRows !== null && <dt>{texts.import.rows}</dt>}
        {record.totalRows !== null && <dd>{formatNumber(record.totalRows)}</dd>}
        {record.totalRows !== null && <dt>{texts.import.format}</dt>}
        {record.totalRows !== null && <dd><FileFormat record={record} /></dd>}
      </dl>
      {isInProgress(record) && <Progress record={record} />}
      {record.errors.length > 0 && <FileErrors errors={record.errors} />}
      {record.status === "undone" && <p class="warning"><strong>{texts.import.undone}</strong> {texts.import.undoneMeans}</p>}
      <Counts record={record} />
      <div class="actions">
        {record.status === "completed" && <Link class="button" href="/contacts">{texts.import.contacts}</Link>}
        <UndoImport record={record} />
      </div>
      {record.failedCount > 0 && <FailedRows record={record} />}
      <Warnings record={record} />
      <Columns columns={record.columns} />
    </>
  );
}

function Progress({ record }: { record: Import }) {
  if (isMissingFile(record)) return <p class="warning">{texts.import.missing}</p>;
  const text = record.totalRows === null ? texts.import.waiting : texts.import.progress(formatNumber(record.processedRows), formatNumber(record.totalRows));
  return (
    <>
      <progress aria-label={texts.import.title} value={record.totalRows ? record.processedRows : undefined} max={record.totalRows || undefined} />
      <p>{text} {texts.import.running}</p>
    </>
  );
}

function FileErrors({ errors }: { errors: string[] }) {
  return (
    <div class="problem" role="alert">
      <strong>{texts.import.failedTitle}</strong>
      <ul>{errors.map((error) => <li key={error}><PlainWords message={error} /></li>)}</ul>
    </div>
  );
}

function FailedRows({ record }: { record: Import }) {
  const rows = failedRows(record);
  const download = useMutation({
    mutationFn: async () => saveFile(await readFailedRows(record.id), texts.import.failedName),
    onSuccess: () => announce(texts.contacts.exported),
  });
  return (
    <section>
      <h2>{texts.import.failedRows}</h2>
      <p>{texts.import.failedHint}</p>
      {!isInProgress(record) && (
        <p>
          <button type="button" class="secondary" aria-busy={download.isPending} onClick={() => !download.isPending && download.mutate()}>{texts.import.failedDownload}</button>
        </p>
      )}
      <Problem error={download.error} />
      <FileRows rows={rows.slice(0, MOST_ROWS)} label={texts.import.failedRows} />
      {record.failedCount > Math.min(rows.length, MOST_ROWS) && <p>{texts.import.firstRows(formatNumber(Math.min(rows.length, MOST_ROWS)))}</p>}
    </section>
  );
}

function readFailedRows(id: string): Promise<Blob> {
  return read(api.GET("/contact/contactImportRecords/{id}/failedRows", { params: { path: { id } }, parseAs: "blob" })) as Promise<Blob>;
}

function Columns({ columns }: { columns: Import["columns"] }) {
  const entries = Object.entries(columns);
  if (entries.length === 0) return null;
  return (
    <details>
      <summary>{texts.import.columns}</summary>
      <dl class="facts">
        {entries.flatMap(([heading, field]) => [
          <dt key={heading}><Isolated text={heading} /></dt>,
          <dd key={`${heading} field`}>{field === null ? texts.import.ignored : fieldLabel(field)}</dd>,
        ])}
      </dl>
    </details>
  );
}
