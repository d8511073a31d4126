import { formatNumber } from "../../format";
import { texts } from "../../texts";
import { Counts } from "../imports/counts";
import { FileFormat } from "../imports/file_format";
import { FileRows } from "../imports/file_rows";
import { failedRows } from "../imports/import_record";
import type { FileRow, Import } from "../imports/import_record";
import { PlainWords } from "../imports/plain_words";
import { Warnings } from "../imports/warnings";
import type { Check } from "./check_file";
import { ColumnsTable } from "./columns_table";
import { hasIdentity } from "./start_import";
import type { Columns, Options } from "./start_import";

const MOST_ROWS = 20;

interface Properties {
  check: Check;
  options: Options;
  onColumns: (columns: Columns) => void;
}

/** What the check has found: counts or reasons, columns, wrong cells, warnings, and the first rows. */
export function CheckResult({ check, options, onColumns }: Properties) {
  const { record } = check;
  return (
    <>
      {record ? <Outcome record={record} /> : <Refusal reasons={check.reasons} />}
      {options.columns && <ColumnsTable columns={options.columns} check={check} onChange={onColumns} />}
      {record && record.failedCount > 0 && hasIdentity(record.columns) && <FailedRows record={record} />}
      {record && <Warnings record={record} />}
      {record && <FirstRows record={record} rows={check.rows} />}
    </>
  );
}

function Outcome({ record }: { record: Import }) {
  return (
    <>
      <h2>{texts.importFile.result}</h2>
      <p>{texts.importFile.resultHint}</p>
      <Counts record={record} />
      <p><small>{texts.importFile.countsHint}</small></p>
    </>
  );
}

function Refusal({ reasons }: { reasons: string[] }) {
  return (
    <div class="problem" role="alert">
      <strong>{texts.importFile.refused}</strong>
      <ul>{reasons.map((reason) => <li key={reason}><PlainWords message={reason} /></li>)}</ul>
      <p>{texts.importFile.refusedHint}</p>
    </div>
  );
}

function FailedRows({ record }: { record: Import }) {
  const rows = failedRows(record).slice(0, MOST_ROWS);
  return (
    <section>
      <h2>{texts.import.failedRows}</h2>
      <FileRows rows={rows} label={texts.import.failedRows} />
      {record.failedCount > rows.length && <p>{texts.import.firstRows(formatNumber(rows.length))}</p>}
    </section>
  );
}

/** The first rows as they were read, with what is wrong in them. */
function FirstRows({ record, rows }: { record: Import; rows: FileRow[] }) {
  // Without a column that tells who a row is about, each row would say the same.
  const failed = new Map((hasIdentity(record.columns) ? failedRows(record) : []).map((row) => [row.row, row.errors ?? []]));
  return (
    <section>
      <h2>{texts.importFile.firstRows}</h2>
      <p>{texts.import.format}: <FileFormat record={record} /></p>
      <FileRows rows={rows.map((row) => ({ ...row, errors: failed.get(row.row) ?? [] }))} label={texts.importFile.firstRows} />
    </section>
  );
}
