import { formatNumber } from "../../format";
import { own } from "../../own";
import { Isolated } from "../../parts/isolated";
import { Table } from "../../parts/table";
import { texts } from "../../texts";
import type { FileRow, RowError } from "./import_record";
import { PlainWords } from "./plain_words";

/** Rows of a file as they are in it. What is wrong stands in its cell; what concerns the row as a whole stands before its cells. */
export function FileRows({ rows, label }: { rows: FileRow[]; label: string }) {
  const headings = usedHeadings(rows);
  const rest = (row: FileRow) => (row.errors ?? []).filter((error) => !headings.includes(error.column));
  const hasRest = rows.some((row) => rest(row).length > 0);
  return (
    <Table label={label}>
      <thead>
        <tr>
          <th scope="col">{texts.import.row}</th>
          {hasRest && <th scope="col">{texts.import.problem}</th>}
          {headings.map((heading) => <th key={heading} scope="col"><Isolated text={heading} /></th>)}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.row}>
            <th scope="row" class="amount">{formatNumber(row.row)}</th>
            {hasRest && <td class="long-text"><Errors errors={rest(row)} /></td>}
            {headings.map((heading) => (
              <Cell key={heading} value={own(row.values, heading) ?? ""} errors={(row.errors ?? []).filter((error) => error.column === heading)} />
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Cell({ value, errors }: { value: string; errors: RowError[] }) {
  return (
    <td class={errors.length > 0 ? "long-text wrong" : "long-text"}>
      <Isolated text={value} />
      <Errors errors={errors} />
    </td>
  );
}

function Errors({ errors }: { errors: RowError[] }) {
  return (
    <>
      {errors.map((error, index) => (
        <small key={index} class="field-error"><span aria-hidden="true">✕</span> <PlainWords message={error.message} /></small>
      ))}
    </>
  );
}

/** The columns that have a value or an error in any of the rows: an export of an address book has dozens without. */
function usedHeadings(rows: FileRow[]): string[] {
  const headings = new Set(rows.flatMap((row) => Object.keys(row.values)));
  const isUsed = (heading: string) => rows.some((row) => own(row.values, heading) || row.errors?.some((error) => error.column === heading));
  return [...headings].filter(isUsed);
}
